export const variables: Record<string, string> = {
  "A number, list or object, as JSON": "Eine Zahl, Liste oder ein Objekt, als JSON",
  "A provider's": "Von einem Anbieter",
  "As the provider calls it. It is asked once before it is taken.":
    "So wie der Anbieter es nennt. Vor der Übernahme wird es einmal gefragt.",
  "Comes with Athena": "Gehört zu Athena",
  "Copy the expression of {name}": "Ausdruck für {name} kopieren",
  "Delete {name}?": "{name} löschen?",
  "Empty: it stays as it is ({hint}).": "Leer: Es bleibt, wie es ist ({hint}).",
  "Every member can read it.": "Alle Mitglieder können sie lesen.",
  "In an expression": "Im Ausdruck",
  "In use": "In Gebrauch",
  "Is being changed over to": "Wird umgestellt",
  "It is kept encrypted, and no one reads it again.": "Es wird verschlüsselt aufbewahrt, und niemand liest es wieder.",
  "It runs within Athena: nothing is sent anywhere, and it costs nothing.":
    "Es läuft in Athena: Nichts wird irgendwohin gesendet, und es kostet nichts.",
  "Keep addresses, limits and keys here once, and read them by their names in every workflow.":
    "Halten Sie Adressen, Grenzen und Schlüssel hier einmal fest und lesen Sie sie in jedem Workflow bei ihrem Namen.",
  "Letters, digits and _, and no digit first.": "Buchstaben, Ziffern und _, am Anfang keine Ziffer.",
  "Memories that it is still to read: {count}": "Erinnerungen, die es noch lesen muss: {count}",
  "New variable or secret": "Neue Variable oder Geheimnis",
  "No variable or secret is called so.": "Keine Variable und kein Geheimnis heißt so.",
  "No variables and secrets yet": "Noch keine Variablen und Geheimnisse",
  "Search names and descriptions": "Namen und Beschreibungen durchsuchen",
  Secrets: "Geheimnisse",
  "The model that tells what memories mean, so that they are found by their meaning and not by words alone.":
    "Das Modell, das sagt, was Erinnerungen bedeuten, sodass sie nach Bedeutung und nicht nur nach Wörtern gefunden werden.",
  "The packaged model": "Das mitgelieferte Modell",
  "The provider is sent what memories say and what is searched for, and is paid for it.":
    "Der Anbieter bekommt, was in Erinnerungen steht und wonach gesucht wird, und wird dafür bezahlt.",
  "The value is": "Der Wert ist",
  "Until it has read all, searches use the former model, and nothing is missed. What is stored meanwhile is read by both.":
    "Bis es alle gelesen hat, nutzt die Suche das bisherige Modell, und nichts fehlt. Was inzwischen gespeichert wird, lesen beide.",
  Value: "Wert",
  "Values that all workflows of this workspace read. A secret goes in and does not come out.":
    "Werte, die alle Workflows dieses Arbeitsbereichs lesen. Ein Geheimnis geht hinein und kommt nicht heraus.",
  "Variables and secrets": "Variablen und Geheimnisse",
  "Who reads memories": "Wer Erinnerungen liest",
  "Workflows that read it fail from then on.": "Workflows, die es lesen, schlagen von da an fehl.",
};
