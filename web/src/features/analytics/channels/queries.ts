import { useMutation } from "@tanstack/react-query";
import { answer, client, type Schemas } from "#/api/client.ts";

/** One rule and what came of it. */
export type RuleOutcome = Schemas["RuleOutcome"];

/** Why a visit has its channel. */
export type Explanation = Schemas["Explanation"];

/** A visit to explain. */
export interface ChannelQuestion {
  url: string;
  referrer: string;
}

/** Where a visit came from, and why it has its channel. */
export type ChannelAnswer = Schemas["ChannelAnswer"];

/** Explains which channel a visit has. */
export function useExplainChannel() {
  return useMutation({
    mutationFn: (question: ChannelQuestion) =>
      answer(
        client.POST("/api/v1/channels/explain", {
          body: { source: "", medium: "", campaign: "", user_agent: "", rules: null, ...question },
        }),
      ),
    meta: { shown: true },
  });
}
