export const prompts: Record<string, string> = {
  "A name in double braces is a variable.": "Ein Name in doppelten geschweiften Klammern ist eine Variable.",
  "As the prompt has it": "Wie beim Prompt eingestellt",
  "Choices, with commas between": "Auswahl, durch Kommas getrennt",
  "Compare with another": "Mit weiterem vergleichen",
  "Delete this prompt?": "Diesen Prompt löschen?",
  "New prompt": "Neuer Prompt",
  "No prompt has this in it.": "In keinem Prompt kommt das vor.",
  Prompt: "Prompt",
  Prompts: "Prompts",
  "Search prompts": "Prompts suchen",
  "Texts with variables, kept in versions, and run like agents.":
    "Texte mit Variablen, in Versionen aufbewahrt und ausgeführt wie Agenten.",
  "The prompt is saved.": "Der Prompt ist gespeichert.",
  "There is no prompt yet.": "Noch gibt es keinen Prompt.",
  "Try {number}": "Versuch {number}",
  "Type of {name}": "Typ von {name}",
  "What was saved last is run, not what you are changing.":
    "Ausgeführt wird, was zuletzt gespeichert wurde, nicht, was Sie gerade ändern.",
  "Write one with variables, and run it with several models side by side.":
    "Schreiben Sie einen mit Variablen, und führen Sie ihn mit mehreren Modellen nebeneinander aus.",
};
