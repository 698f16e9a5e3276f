import { useState } from "react";
import { fieldError } from "#/api/problem.ts";
import { useIsOwner } from "#/app/session.ts";
import { Button } from "#/ui/button.tsx";
import { CodeBlock } from "#/ui/code-block.tsx";
import { Dialog } from "#/ui/dialog.tsx";
import { ProblemView } from "#/ui/problem-view.tsx";
import { Select } from "#/ui/select.tsx";
import { TextInput } from "#/ui/text-input.tsx";
import { type Role, rolesToGive, useAddMember } from "./queries.ts";

/** Adds somebody; a new user's one-time password is shown once. */
export function AddMemberDialog({ open, onClose }: { open: boolean; onClose: () => void }) {
  const add = useAddMember();
  const roles = rolesToGive(useIsOwner());
  const [email, setEmail] = useState("");
  const [name, setName] = useState("");
  const [role, setRole] = useState<Role>("analyst");
  const close = () => {
    add.reset();
    setEmail("");
    setName("");
    onClose();
  };
  const password = add.data?.one_time_password;
  if (add.data) {
    return (
      <Dialog
        open={open}
        sealed
        onClose={close}
        title={`Added ${add.data.member.email}`}
        text={
          password
            ? "Hand this one-time password over in a safe way. It is shown only now; at the first sign-in they choose their own."
            : "They have an account already and sign in with their own password."
        }
        actions={
          <Button look="primary" onClick={close}>
            Done
          </Button>
        }
      >
        {password ? <CodeBlock code={password} label="one-time password" /> : null}
      </Dialog>
    );
  }
  const known = ["email", "name", "role"].some((field) => fieldError(add.error, field));
  return (
    <Dialog
      open={open}
      onClose={close}
      title="Add member"
      onSubmit={() => add.mutate({ email, name, role })}
      actions={
        <>
          <Button onClick={close}>Cancel</Button>
          <Button
            type="submit"
            look="primary"
            busy={add.isPending}
            disabled={!email.includes("@") || name.trim() === ""}
          >
            Add member
          </Button>
        </>
      }
    >
      {add.error && !known ? <ProblemView title="Nobody was added" error={add.error} /> : null}
      <TextInput label="Email" type="email" value={email} error={fieldError(add.error, "email")} onChange={setEmail} />
      <TextInput label="Name" value={name} error={fieldError(add.error, "name")} onChange={setName} />
      <Select
        label="Role"
        options={roles.map(({ value, label, detail }) => ({ value, label, detail }))}
        value={role}
        error={fieldError(add.error, "role")}
        onChange={setRole}
      />
    </Dialog>
  );
}
