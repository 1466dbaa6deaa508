// Hands the message's field a file as a browser does, by "paste" or "drop".
(how) => {
  const data = new DataTransfer();
  data.items.add(new File(["some notes"], `${how}.txt`, { type: "text/plain" }));
  const options = { bubbles: true, cancelable: true };
  const event =
    how === "paste"
      ? new ClipboardEvent("paste", { ...options, clipboardData: data })
      : new DragEvent("drop", { ...options, dataTransfer: data });
  document.getElementById("composer").dispatchEvent(event);
}
