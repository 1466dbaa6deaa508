import { Fragment } from "react";

/** The name of an event, such as `agent.updated`, that may go on in another line after its dot. */
export function EventName({ name }: { name: string }) {
  return (
    <code className="font-mono text-[13px]">
      {name.split(/(?<=\.)/).map((part) => (
        <Fragment key={part}>
          {part}
          <wbr />
        </Fragment>
      ))}
    </code>
  );
}
