import { useEffect, useState } from "react";
import { ago, exactTime } from "#/lib/format.ts";

/** A moment as people say it; the exact one is in the title and for assistive technology. */
export function TimeAgo({ at }: { at: string }) {
  const [now, setNow] = useState(() => Date.now());
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), 10_000);
    return () => clearInterval(timer);
  }, []);
  return (
    <time dateTime={at} title={exactTime(at)}>
      {ago(at, Math.max(now, Date.now()))}
    </time>
  );
}
