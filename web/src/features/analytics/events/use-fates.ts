import { useQuery } from "@tanstack/react-query";
import { useEffect, useMemo, useRef, useState } from "react";
import { type StreamState, useStream } from "#/lib/stream.ts";
import { addFates, afterReopening } from "./fates.ts";
import { type Fate, type FateFilter, recentQuery, watchUrl } from "./queries.ts";

const RECENT = 200;
const SHOW_EVERY_MS = 150;

interface Fates {
  fates: Fate[];
  /** Arrived since the stream was paused. */
  held: number;
  state: StreamState;
  error: unknown;
  loading: boolean;
}

/** The last fates and those that come in. Arrivals are shown a few times a second, so that a busy stream stays readable. */
export function useFates(filter: FateFilter, paused: boolean): Fates {
  const recent = useQuery(recentQuery(filter, RECENT));
  const [arrived, setArrived] = useState<Fate[]>([]);
  const [held, setHeld] = useState(0);
  const buffer = useRef<Fate[]>([]);
  const key = JSON.stringify(filter);
  // biome-ignore lint/correctness/useExhaustiveDependencies: another filter starts from nothing
  useEffect(() => {
    buffer.current = [];
    setArrived([]);
    setHeld(0);
  }, [key]);
  const state = useStream<Fate>(recent.error ? undefined : watchUrl(filter), (fate) => {
    buffer.current.push(fate);
  });
  useEffect(() => {
    const timer = setInterval(() => {
      if (buffer.current.length === 0) return;
      if (paused) {
        setHeld(buffer.current.length);
        return;
      }
      const batch = buffer.current.splice(0);
      setHeld(0);
      setArrived((before) => addFates(before, batch));
    }, SHOW_EVERY_MS);
    return () => clearInterval(timer);
  }, [paused]);
  const { refetch } = recent;
  const shown = useRef(arrived);
  shown.current = arrived;
  const opened = useRef(false);
  useEffect(() => {
    if (state !== "open") return;
    if (opened.current) {
      // What came in while the stream was broken is fetched again; the server may be another one since.
      const before = new Set([...shown.current, ...buffer.current]);
      void refetch().then(({ data }) => {
        if (!data) return;
        buffer.current = [...afterReopening(buffer.current, before, data.items)];
        setArrived((now) => [...afterReopening(now, before, data.items)]);
      });
    }
    opened.current = true;
  }, [state, refetch]);
  const fates = useMemo(() => addFates(recent.data?.items ?? [], arrived), [recent.data, arrived]);
  return { fates, held, state, error: recent.error, loading: recent.isPending };
}
