import { Fragment, type ReactNode } from "react";
import styles from "./key-facts.module.css";

export interface Fact {
  name: string;
  /** Left out when null or undefined: an absent fact is not shown as an empty one. */
  value: ReactNode;
}

/** Names and values of one thing. */
export function KeyFacts({ facts }: { facts: readonly Fact[] }) {
  return (
    <dl className={styles.facts}>
      {facts
        .filter((fact) => fact.value !== null && fact.value !== undefined && fact.value !== "")
        .map((fact, place) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: two facts may have one name, such as two companies of a person
          <Fragment key={`${fact.name} ${place}`}>
            <dt>{fact.name}</dt>
            <dd>{fact.value}</dd>
          </Fragment>
        ))}
    </dl>
  );
}
