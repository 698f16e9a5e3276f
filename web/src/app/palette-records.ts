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

/** People, companies and deals whose name has what is typed, once typing rests. */
export function useRecords(typed: string): FoundRecord[] {
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
    combine: (answers) => answers.flatMap((answer) => (typed.trim().length >= LETTERS_MIN ? (answer.data ?? []) : [])),
  });
}
