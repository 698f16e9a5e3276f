import { useQueries } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import { api } from "#/api/http.ts";
import type { Page } from "#/lib/pages.ts";
import { useSession } from "./session.ts";

/** A record found by its name. */
export interface FoundRecord {
  kind: "person" | "company" | "deal";
  id: string;
  label: string;
  detail: string;
  to: string;
}

interface Named {
  id: string;
  name: string;
  email?: string | null;
  domain?: string;
  company_name?: string;
}

const SOURCES = [
  { kind: "person", list: "people", permission: "people.read" },
  { kind: "company", list: "companies", permission: "people.read" },
  { kind: "deal", list: "deals", permission: "deals.read" },
] as const;

const LETTERS_MIN = 2;
const EACH_MAX = 5;
const REST_MS = 150;

/** What was found for the text as it stands now, never for the one before it. */
export interface Records {
  state: "none" | "searching" | "failed" | "found";
  records: FoundRecord[];
}

const NOTHING: FoundRecord[] = [];

/** People, companies and deals whose name has what is typed, once typing rests. */
export function useRecords(typed: string): Records {
  const { permissions } = useSession();
  const [text, setText] = useState("");
  useEffect(() => {
    const timer = setTimeout(() => setText(typed.trim()), REST_MS);
    return () => clearTimeout(timer);
  }, [typed]);
  return useQueries({
    queries: SOURCES.map(({ kind, list, permission }) => ({
      queryKey: ["palette", list, text],
      queryFn: async ({ signal }: { signal: AbortSignal }): Promise<FoundRecord[]> => {
        const page = await api.get<Page<Named>>(`/${list}`, { q: text, limit: EACH_MAX }, signal);
        return page.items.map((row) => ({
          kind,
          id: row.id,
          label: row.name || row.email || row.domain || row.id,
          detail: row.email ?? row.domain ?? row.company_name ?? "",
          to: `/${list}/${row.id}`,
        }));
      },
      enabled: text.length >= LETTERS_MIN && permissions.includes(permission),
      retry: false,
    })),
    combine: (answers): Records => {
      const asked = typed.trim();
      if (asked.length < LETTERS_MIN) return { state: "none", records: NOTHING };
      // Until typing rests, the answers are those to another text.
      if (asked !== text) return { state: "searching", records: NOTHING };
      const records = answers.flatMap((answer) => answer.data ?? []);
      if (answers.some((answer) => answer.isLoading)) return { state: "searching", records };
      return { state: answers.some((answer) => answer.isError) ? "failed" : "found", records };
    },
  });
}
