import { useEffect, useRef, useState } from "react";

/** Whether values can arrive: `waiting` while the connection is being made or made again, `refused` when it never will be. */
export type StreamState = "off" | "waiting" | "open" | "refused";

const AGAIN_MS = 2_000;

/** Answers that stay the same however often one asks. */
const REFUSALS = [401, 403, 404];

/** Whether the server says no. An `EventSource` does not tell why it was closed, so it is asked once more. */
async function isRefused(url: string): Promise<boolean> {
  const asking = new AbortController();
  try {
    const { status } = await fetch(url, { headers: { Accept: "text/event-stream" }, signal: asking.signal });
    return REFUSALS.includes(status);
  } catch {
    return false;
  } finally {
    asking.abort();
  }
}

/**
 * Follows a stream of JSON values (server-sent events) for as long as there is an address; connects again when it breaks.
 * A tab out of sight lets go of its connection, because a browser grants few of them to one server.
 */
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
    const close = () => {
      clearTimeout(timer);
      source?.close();
      source = undefined;
    };
    const connect = () => {
      close();
      setState("waiting");
      const opened = new EventSource(url);
      source = opened;
      opened.onopen = () => setState("open");
      opened.onmessage = (message) => listener.current(JSON.parse(message.data) as Value);
      opened.onerror = () => {
        setState("waiting");
        // A refused connection is closed for good; the browser tries again only after a broken one.
        if (opened.readyState !== EventSource.CLOSED) return;
        void isRefused(url).then((refused) => {
          if (source !== opened) return;
          if (refused) setState("refused");
          else timer = setTimeout(connect, AGAIN_MS);
        });
      };
    };
    const look = () => {
      if (!document.hidden) connect();
      else {
        close();
        setState("waiting");
      }
    };
    look();
    document.addEventListener("visibilitychange", look);
    return () => {
      document.removeEventListener("visibilitychange", look);
      close();
    };
  }, [url]);
  return state;
}
