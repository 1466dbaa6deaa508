export const bundles: Record<string, string> = {
  "Agents, workflows and what they need, as files that travel between workspaces.":
    "Agenten, Workflows und was sie brauchen, als Dateien, die zwischen Arbeitsbereichen reisen.",
  Apply: "Anwenden",
  Bundles: "Bündel",
  "Changed by hand": "Von Hand geändert",
  "Will change": "Ändert sich",
  "Credentials never travel: choose whose are used here.": "Zugangsdaten reisen nie mit: Wählen Sie, wessen hier gelten.",
  "Evaluation set": "Prüfsatz",
  New: "Neu",
  "No bundle is open.": "Kein Bündel ist geöffnet.",
  "No longer in it": "Nicht mehr enthalten",
  "None of {provider}": "Keines von {provider}",
  "Open it": "Öffnen",
  "Open a bundle": "Bündel öffnen",
  "Open the zip of a bundle. You see what it would make and change before anything happens.":
    "Öffnen Sie das ZIP eines Bündels. Sie sehen, was es anlegen und ändern würde, bevor etwas geschieht.",
  Replace: "Ersetzen",
  "Replace what was changed by hand?": "Von Hand Geändertes ersetzen?",
  "Stays as it is": "Bleibt, wie es ist",
  "The bundle is applied. New workflows are drafts until you activate them.":
    "Das Bündel ist angewendet. Neue Workflows sind Entwürfe, bis Sie sie aktivieren.",
  "The secret {name} is missing.": "Das Geheimnis {name} fehlt.",
  "The variable {name} is missing.": "Die Variable {name} fehlt.",
  "The workspace is as the bundle says.": "Der Arbeitsbereich ist, wie das Bündel es sagt.",
  "The zip of a bundle": "Das ZIP eines Bündels",
  "To be looked at": "Zu beachten",
  "What will happen": "Was geschieht",
  "as usual": "wie üblich",
  "{count} were changed by hand since the bundle was applied. They become as the bundle says; versions of before can be restored.":
    "{count} wurden von Hand geändert, seit das Bündel angewendet wurde. Sie werden, wie das Bündel es sagt; frühere Versionen lassen sich wiederherstellen.",
};
