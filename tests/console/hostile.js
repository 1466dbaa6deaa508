// What of a page runs or loads what a text says, and the texts that it shows (`qq-…-qq`), wherever they stand.
() => {
  const addresses = new Set(["action", "background", "data", "formaction", "href", "ping", "poster", "src", "srcset", "xlink:href"]);
  const wrong = [];
  if (window.ran !== undefined) wrong.push("a script ran");
  for (const element of document.querySelectorAll("*")) {
    const tag = element.localName;
    if (["base", "embed", "iframe", "meta-refresh", "object", "style"].includes(tag) && element.closest("body")) wrong.push(tag);
    if (tag === "script" && !element.src.startsWith(location.origin)) wrong.push("script");
    for (const { name, value } of element.attributes) {
      const address = value.replace(/[\s\u0000-\u001f]/g, "").toLowerCase();
      if (name.startsWith("on") || name === "srcdoc") wrong.push(`${tag} ${name}`);
      if (addresses.has(name) && /^(?:javascript|data|vbscript):/.test(address)) wrong.push(`${tag} ${name}=${address}`);
      if (tag === "a" && /^[/\\]{2}/.test(address)) wrong.push(`a ${name}=${address}`);
      if (addresses.has(name) && tag !== "a" && /^(?:https?:)?\/\//.test(address) && !address.startsWith(location.origin)) {
        wrong.push(`${tag} ${name}=${address}`);
      }
    }
  }
  const texts = [document.documentElement.textContent];
  for (const field of document.querySelectorAll("input, textarea")) texts.push(field.value);
  const shown = texts.flatMap((text) => [...text.matchAll(/qq-[a-z-]+-qq/g)].map(([label]) => label));
  return { wrong: [...new Set(wrong)], shown: [...new Set(shown)] };
}
