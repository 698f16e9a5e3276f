import createClient from "openapi-fetch";
import { clientHeaders, failed } from "./http.ts";
import type { components, paths } from "./schema.ts";

/** The types of the OpenAPI document, by name. */
export type Schemas = components["schemas"];

/** Every endpoint, with the types of the OpenAPI document. A failure is thrown as an ApiProblem. */
export const client = createClient<paths>({ fetch: (request) => fetch(request) });

client.use({
  onRequest({ request }) {
    for (const [name, value] of Object.entries(clientHeaders())) request.headers.set(name, value);
    return request;
  },
  async onResponse({ response }) {
    if (!response.ok) throw await failed(response);
    return response;
  },
});

/** What an endpoint answers; failures were thrown already. */
export async function answer<Data>(call: Promise<{ data?: Data }>): Promise<Data> {
  const { data } = await call;
  return data as Data;
}
