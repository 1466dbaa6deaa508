/** The frame of the pages for who is not signed in. */
import type { ReactNode } from "react";

import icon from "@/icon.svg";

interface AuthPageProps {
  title: string;
  children: ReactNode;
}

export function AuthPage({ title, children }: AuthPageProps) {
  return (
    <main className="flex min-h-dvh items-center justify-center bg-panel p-4">
      <div className="w-full max-w-sm">
        <div className="mb-6 flex flex-col items-center gap-3">
          <img src={icon} alt="" className="size-11" />
          <h1 className="text-xl font-semibold tracking-tight">{title}</h1>
        </div>
        <div className="rounded-xl border bg-raised p-6 shadow-sm">{children}</div>
      </div>
    </main>
  );
}
