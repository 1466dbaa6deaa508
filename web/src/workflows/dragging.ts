/** What a drag from the palette carries: the type of the node. */
export const DRAGGED = "application/x-athena-node-type";
