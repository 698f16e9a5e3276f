import { ArrowDown, ArrowUp, Plus, X } from "lucide-react";
import { fieldError } from "#/api/problem.ts";
import { Button } from "#/ui/button.tsx";
import { IconButton } from "#/ui/icon-button.tsx";
import { Select } from "#/ui/select.tsx";
import { TextInput } from "#/ui/text-input.tsx";
import {
  CLASSES,
  changed,
  FIELDS,
  LISTS,
  lineOf,
  moved,
  newRule,
  optionsOf,
  TESTS,
  VISITOR_TESTS,
  valuesOf,
  without,
} from "./model.ts";
import type { ChannelRule, KnownSite, RuleCondition, VisitorRule } from "./queries.ts";
import styles from "./rules.module.css";

interface ListProps<Item> {
  items: readonly Item[];
  onChange: (items: Item[]) => void;
  disabled: boolean;
  /** What the server found wrong. */
  error: unknown;
}

/** Moves and removes an item of an ordered list. */
function Tools<Item>({
  name,
  place,
  items,
  onChange,
}: { name: string; place: number } & Omit<ListProps<Item>, "disabled" | "error">) {
  return (
    <span className={styles.tools}>
      <IconButton
        label={`Move ${name} up`}
        icon={<ArrowUp size={16} />}
        disabled={place === 0}
        onClick={() => onChange(moved(items, place, place - 1))}
      />
      <IconButton
        label={`Move ${name} down`}
        icon={<ArrowDown size={16} />}
        disabled={place === items.length - 1}
        onClick={() => onChange(moved(items, place, place + 1))}
      />
      <IconButton label={`Remove ${name}`} icon={<X size={16} />} onClick={() => onChange(without(items, place))} />
    </span>
  );
}

/** The workspace's own channel rules, in order. */
export function ChannelRuleList({
  items,
  onChange,
  disabled,
  error,
  channels,
}: ListProps<ChannelRule> & { channels: readonly ChannelRule["channel"][] }) {
  return (
    <div className={styles.stack}>
      {items.map((rule, place) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: a rule has nothing of its own that stays but its place
        <fieldset key={place} className={styles.rule} disabled={disabled} aria-label={`Channel rule ${place + 1}`}>
          <div className={styles.line}>
            <TextInput
              label={`Name of rule W${place + 1}`}
              value={rule.name}
              maxLength={80}
              error={fieldError(error, `channels[${place}].name`)}
              onChange={(name) => onChange(changed(items, place, { ...rule, name }))}
            />
            <Select
              label="Channel"
              options={channels.map((channel) => ({ value: channel, label: channel }))}
              value={rule.channel}
              onChange={(channel) => onChange(changed(items, place, { ...rule, channel }))}
            />
            {disabled ? null : <Tools name={`rule W${place + 1}`} place={place} items={items} onChange={onChange} />}
          </div>
          <Conditions
            rule={rule}
            place={place}
            disabled={disabled}
            error={error}
            onChange={(all) => onChange(changed(items, place, { ...rule, all }))}
          />
        </fieldset>
      ))}
      {items.length === 0 ? <p className={styles.muted}>None: the rules of the program decide.</p> : null}
      {disabled ? null : (
        <Button className={styles.add} icon={<Plus size={16} />} onClick={() => onChange([...items, newRule()])}>
          Add channel rule
        </Button>
      )}
    </div>
  );
}

interface ConditionsProps {
  rule: ChannelRule;
  place: number;
  disabled: boolean;
  error: unknown;
  onChange: (all: RuleCondition[]) => void;
}

function Conditions({ rule, place, disabled, error, onChange }: ConditionsProps) {
  const { all } = rule;
  return (
    <>
      {all.map((condition, index) => {
        const change = (part: Partial<RuleCondition>) => onChange(changed(all, index, { ...condition, ...part }));
        const words = index === 0 ? "When" : "And";
        return (
          // biome-ignore lint/suspicious/noArrayIndexKey: a condition has nothing of its own that stays but its place
          <div key={index} className={styles.line}>
            <Select
              label={words}
              options={optionsOf(FIELDS)}
              value={condition.field}
              onChange={(field) => change({ field })}
            />
            <Select
              label="Test"
              options={optionsOf(TESTS)}
              value={condition.test}
              onChange={(test) => change({ test, values: valuesOf(test, lineOf(condition)) })}
            />
            <div className={styles.grow}>
              <TextInput
                label={condition.test === "one_of" ? "Texts, with commas between" : "Text"}
                value={lineOf(condition)}
                error={fieldError(error, `channels[${place}].all[${index}].values`)}
                onChange={(text) => change({ values: valuesOf(condition.test, text) })}
              />
            </div>
            {disabled || all.length === 1 ? null : (
              <IconButton
                label={`Remove condition ${index + 1} of rule W${place + 1}`}
                icon={<X size={16} />}
                onClick={() => onChange(without(all, index))}
              />
            )}
          </div>
        );
      })}
      {disabled || all.length >= 10 ? null : (
        <Button
          size="small"
          className={styles.add}
          onClick={() => onChange([...all, { field: "medium", test: "equals", values: [""] }])}
        >
          Add condition
        </Button>
      )}
    </>
  );
}

/** Sites that the workspace adds to the lists of known sites. */
export function SiteList({ items, onChange, disabled, error }: ListProps<KnownSite>) {
  return (
    <div className={styles.stack}>
      {items.map((site, place) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: a site has nothing of its own that stays but its place
        <fieldset key={place} className={styles.line} disabled={disabled} aria-label={`Site ${place + 1}`}>
          <div className={styles.grow}>
            <TextInput
              label="Host, or name of a source"
              value={site.site}
              placeholder="search.example"
              error={fieldError(error, `sites[${place}].site`)}
              onChange={(text) => onChange(changed(items, place, { ...site, site: text }))}
            />
          </div>
          <Select
            label="Counts among"
            options={optionsOf(LISTS)}
            value={site.list}
            onChange={(list) => onChange(changed(items, place, { ...site, list }))}
          />
          {disabled ? null : (
            <IconButton
              label={`Remove site ${place + 1}`}
              icon={<X size={16} />}
              onClick={() => onChange(without(items, place))}
            />
          )}
        </fieldset>
      ))}
      {items.length === 0 ? <p className={styles.muted}>None.</p> : null}
      {disabled ? null : (
        <Button
          className={styles.add}
          icon={<Plus size={16} />}
          onClick={() => onChange([...items, { site: "", list: "search" }])}
        >
          Add site
        </Button>
      )}
    </div>
  );
}

/** Rules that say who visits, in order. */
export function VisitorList({ items, onChange, disabled, error }: ListProps<VisitorRule>) {
  return (
    <div className={styles.stack}>
      {items.map((rule, place) => {
        const change = (part: Partial<VisitorRule>) => onChange(changed(items, place, { ...rule, ...part }));
        return (
          // biome-ignore lint/suspicious/noArrayIndexKey: a rule has nothing of its own that stays but its place
          <fieldset key={place} className={styles.line} disabled={disabled} aria-label={`Visitor rule ${place + 1}`}>
            <TextInput
              label="Name"
              value={rule.name}
              maxLength={80}
              error={fieldError(error, `visitors[${place}].name`)}
              onChange={(name) => change({ name })}
            />
            <Select
              label="User agent"
              options={optionsOf(VISITOR_TESTS)}
              value={rule.test}
              onChange={(test) => change({ test })}
            />
            <div className={styles.grow}>
              <TextInput
                label="Text"
                value={rule.text}
                error={fieldError(error, `visitors[${place}].text`)}
                onChange={(text) => change({ text })}
              />
            </div>
            <Select
              label="Is a"
              options={optionsOf(CLASSES)}
              value={rule.class}
              onChange={(next) => change({ class: next })}
            />
            {disabled ? null : (
              <Tools name={`visitor rule ${place + 1}`} place={place} items={items} onChange={onChange} />
            )}
          </fieldset>
        );
      })}
      {items.length === 0 ? <p className={styles.muted}>None: the program’s list decides.</p> : null}
      {disabled ? null : (
        <Button
          className={styles.add}
          icon={<Plus size={16} />}
          onClick={() => onChange([...items, { name: "", test: "contains", text: "", class: "bot" }])}
        >
          Add visitor rule
        </Button>
      )}
    </div>
  );
}
