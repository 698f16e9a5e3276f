import { clockTime, dateTime, dayOf, exactTime } from "#/lib/format.ts";

interface MomentProps {
  at: string;
  /** How much of it is shown. */
  look?: "day" | "minute" | "clock";
  className?: string | undefined;
}

const LOOKS = { day: dayOf, minute: dateTime, clock: clockTime };

/** A moment in the workspace's time zone, which the title names. */
export function Moment({ at, look = "minute", className }: MomentProps) {
  return (
    <time dateTime={at} title={exactTime(at)} className={className}>
      {LOOKS[look](at)}
    </time>
  );
}
