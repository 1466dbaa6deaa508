export const demo: Record<string, string> = {
  "A bakery, to look around in. Delete it when you have seen enough.": "Eine Bäckerei zum Umsehen. Löschen Sie sie, wenn Sie genug gesehen haben.",
  "A reply to a review": "Antwort auf eine Bewertung",
  "A workspace of its own with an agent, a prompt, a dataset, and a workflow with some executions: done, failed, and waiting for you.":
    "Ein eigener Arbeitsbereich mit einem Agenten, einem Prompt, einem Datensatz und einem Workflow mit einigen Ausführungen: erledigt, gescheitert, und eine, die auf Sie wartet.",
  "Accept it": "Annehmen",
  "Add it up": "Zusammenrechnen",
  "Adds an order up, refuses an empty one, and asks before a large one.": "Rechnet eine Bestellung zusammen, lehnt eine leere ab und fragt vor einer großen.",
  "An order": "Eine Bestellung",
  "Answer this review of our bakery kindly, in {{sentences}} sentences: {{review}}":
    "Beantworte diese Bewertung unserer Bäckerei freundlich, in {{sentences}} Sätzen: {{review}}",
  "Answers customers of the bakery.": "Antwortet den Kunden der Bäckerei.",
  "Ask the owner": "Den Inhaber fragen",
  "Bake for {{ nodes.total.output.total }}?": "Für {{ nodes.total.output.total }} backen?",
  Baker: "Bäcker",
  "Delete the demo": "Demo löschen",
  "Delete the demo?": "Demo löschen?",
  Demo: "Demo",
  "Explore a demo": "Eine Demo ansehen",
  "It is being made …": "Sie wird angelegt …",
  "Large?": "Groß?",
  "Make the demo": "Demo anlegen",
  "Nothing in it?": "Nichts darin?",
  "Open the demo": "Demo öffnen",
  Orders: "Bestellungen",
  "Refuse it": "Ablehnen",
  "Thank you, {{ nodes.total.output.customer }}: that is {{ nodes.total.output.total }}.":
    "Danke, {{ nodes.total.output.customer }}: das macht {{ nodes.total.output.total }}.",
  "Thanks, and answers what was criticised.": "Dankt und geht auf Kritik ein.",
  "The bakery opens at six, and is closed on Mondays.": "Die Bäckerei öffnet um sechs und hat montags zu.",
  "The order has nothing in it.": "In der Bestellung ist nichts.",
  "The workspace and all that is in it are gone for good, also what you added.":
    "Der Arbeitsbereich und alles darin sind endgültig weg, auch was Sie hinzugefügt haben.",
  "What customers ask": "Was Kunden fragen",
  "What do seven loaves at 4.50 cost?": "Was kosten sieben Brote zu 4,50?",
  "When do you open?": "Wann öffnen Sie?",
  "You serve the customers of a small bakery. Answer kindly, and in at most three sentences. Calculate with the calculator.":
    "Du bedienst die Kunden einer kleinen Bäckerei. Antworte freundlich und in höchstens drei Sätzen. Rechne mit dem Rechner.",
};
