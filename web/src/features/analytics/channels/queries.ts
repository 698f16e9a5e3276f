import { useMutation } from "@tanstack/react-query";
import { api } from "#/api/http.ts";

/** One rule and what came of it. */
export interface RuleOutcome {
  rule: string;
  channel: string;
  condition: string;
  why: string;
}

/** Why a visit has its channel. */
export interface Explanation {
  channel: string;
  rules_version: number;
  /** The rule that decided; absent for Unassigned. */
  decided_by: RuleOutcome | null;
  /** Every earlier rule, in order, and why it did not hold. */
  failed: RuleOutcome[];
}

/** A visit to explain. */
export interface ChannelQuestion {
  url: string;
  referrer: string;
}

/** Where a visit came from, and why it has its channel. */
export interface ChannelAnswer {
  source: string;
  medium: string;
  campaign: string;
  click_id_kind: string;
  basis: "utm" | "click_id" | "referrer" | "none";
  explanation: Explanation;
}

/** Explains which channel a visit has. */
export function useExplainChannel() {
  return useMutation({
    mutationFn: (question: ChannelQuestion) => api.post<ChannelAnswer>("/channels/explain", question),
    meta: { shown: true },
  });
}
