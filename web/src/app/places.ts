import type { LucideIcon } from "lucide-react";

/** The areas of the product, in the order of the rail. */
export const AREAS = ["Home", "People", "Analytics", "Budget", "Settings"] as const;

export type Area = (typeof AREAS)[number];

/** A page that the rail and the palette lead to. A feature exports its places beside its routes. */
export interface Place {
  area: Area;
  label: string;
  to: string;
  icon: LucideIcon;
  /** Needed to see the page; without it the place is not offered. */
  permission?: string;
  /** Other words the palette finds it by. */
  words?: string;
  /** The key after `g`. */
  key?: string;
  /** Offered in the palette only. */
  hidden?: boolean;
}
