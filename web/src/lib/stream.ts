import { useEffect, useRef, useState } from "react";

/** Whether values can arrive: `waiting` while the connection is being made or made again. */
export type StreamState = "off" | "waiting" | "open";

const AGAIN_MS = 2_000;

/** Follows a stream of JSON values (server-sent events) for as long as there is an address; connects again when it breaks. */
export function useStream<Value>(url: string | undefined, onValue: (value: Value) => void): StreamState {
  const [state, setState] = useState<StreamState>("off");
  const listener = useRef(onValue);
  listener.current = onValue;
  useEffect(() => {
    if (url === undefined) {
      setState("off");
      return;
    }
    let source: EventSource | undefined;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const connect = () => {
      setState("waiting");
      source = new EventSource(url);
      source.onopen = () => setState("open");
      source.onmessage = (message) => listener.current(JSON.parse(message.data) as Value);
      source.onerror = () => {
        setState("waiting");
        // A refused connection is closed for good; the browser tries again only after a broken one.
        if (source?.readyState === EventSource.CLOSED) timer = setTimeout(connect, AGAIN_MS);
      };
    };
    connect();
    return () => {
      clearTimeout(timer);
      source?.close();
    };
  }, [url]);
  return state;
}
