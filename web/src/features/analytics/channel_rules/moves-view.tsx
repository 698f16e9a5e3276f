import { number } from "#/lib/format.ts";
import { CLASS_NAMES } from "./model.ts";
import type { MovedEvents } from "./queries.ts";
import styles from "./rules.module.css";

interface Changes {
  events: number;
  changed: number;
  missing: number;
  channels: MovedEvents[];
  classes: MovedEvents[];
}

/** How many events change, from where to where. */
export function MovesView({ found, would }: { found: Changes; would: boolean }) {
  const change = would ? "would change" : "changed";
  return (
    <div className={styles.stack}>
      <p>
        {number(found.changed)} of {number(found.events)} events {change}.
        {found.missing > 0
          ? ` ${number(found.missing)} ${would ? "would keep" : "kept"} what they have: what a rule asks for was not stored with them.`
          : null}
      </p>
      <div className={styles.tables}>
        <Moves caption="Channel" moves={found.channels} name={(text) => text} />
        <Moves caption="Visitor" moves={found.classes} name={(text) => CLASS_NAMES[text] ?? text} />
      </div>
    </div>
  );
}

function Moves({ caption, moves, name }: { caption: string; moves: MovedEvents[]; name: (text: string) => string }) {
  if (moves.length === 0) return null;
  return (
    <table className={styles.moves}>
      <caption>{caption}</caption>
      <thead>
        <tr>
          <th scope="col">From</th>
          <th scope="col">To</th>
          <th scope="col">Events</th>
        </tr>
      </thead>
      <tbody>
        {moves.map((one) => (
          <tr key={`${one.from}\n${one.to}`}>
            <td>{name(one.from)}</td>
            <td>{name(one.to)}</td>
            <td>{number(one.events)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
