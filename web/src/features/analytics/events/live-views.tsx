import { useRouter } from "@tanstack/react-router";
import { Segmented } from "#/ui/segmented.tsx";

/** The way between the stream and the quarantine. */
export function LiveViews({ view }: { view: "stream" | "quarantine" }) {
  const router = useRouter();
  return (
    <Segmented
      label="View"
      value={view}
      options={[
        { value: "stream", label: "As they come in" },
        { value: "quarantine", label: "Quarantine" },
      ]}
      onChange={(next) =>
        void router.navigate({ to: "/events", search: next === "quarantine" ? { view: "quarantine" } : {} })
      }
    />
  );
}
