import { channelColour } from "#/lib/channels.ts";
import styles from "./badge.module.css";

/** A channel with its one colour. */
export function ChannelChip({ name }: { name: string }) {
  return (
    <span className={styles.chip}>
      <span className={styles.dot} style={{ background: channelColour(name) }} aria-hidden="true" />
      <span className={styles.name}>{name === "" ? "Not set" : name}</span>
    </span>
  );
}
