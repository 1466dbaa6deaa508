/** How the pages are written and coloured for the user, in every browser. */
import { useSuspenseQuery } from "@tanstack/react-query";
import { Clock } from "lucide-react";

import { userQuery } from "@/api/queries";
import { formatNumber, formatTime } from "@/format";
import { currentLanguage, t } from "@/i18n";
import { useSavePreferences } from "@/shell/save-preferences";
import { useTheme, type Theme } from "@/shell/theme";
import { FieldFrame, SelectField } from "@/ui/field";
import { Section } from "@/ui/page";
import { Picker } from "@/ui/picker";
import { timeZone } from "@/zone";

const LOCALES = [
  "en-GB", "en-US", "en-AU", "en-CA", "en-IN", "de-DE", "de-AT", "de-CH", "fr-FR", "fr-CH", "es-ES", "es-MX", "it-IT", "nl-NL",
  "pl-PL", "pt-BR", "pt-PT", "sv-SE", "da-DK", "fi-FI", "nb-NO", "cs-CZ", "tr-TR", "ja-JP", "ko-KR", "zh-CN",
] as const;
const EXAMPLE = 1234.5;

export function PreferencesForm() {
  const { data: user } = useSuspenseQuery(userQuery);
  const save = useSavePreferences();
  const theme = useTheme();
  const { locale, time_zone } = user.preferences;
  const names = new Intl.DisplayNames([currentLanguage()], { type: "language", languageDisplay: "standard" });
  const now = new Date().toISOString();
  return (
    <Section title={t("Preferences")} about={t("They hold in every browser where you sign in.")}>
      <div className="grid gap-4 sm:grid-cols-2">
        <SelectField label={t("Language")} value={currentLanguage()} onChange={(event) => save({ language: event.target.value })}>
          <option value="en">English</option>
          <option value="de">Deutsch</option>
        </SelectField>
        <SelectField label={t("Colours")} value={theme} onChange={(event) => save({ theme: event.target.value as Theme })}>
          <option value="system">{t("As the system")}</option>
          <option value="light">{t("Light")}</option>
          <option value="dark">{t("Dark")}</option>
        </SelectField>
        <SelectField
          label={t("Numbers and dates")}
          hint={`${formatNumber(EXAMPLE)} · ${formatTime(now)}`}
          value={locale ?? ""}
          onChange={(event) => save({ locale: event.target.value || null })}
        >
          <option value="">{t("As the browser has them")}</option>
          {locale !== null && !(LOCALES as readonly string[]).includes(locale) && <option value={locale}>{locale}</option>}
          {LOCALES.map((each) => (
            <option key={each} value={each}>
              {names.of(each)}
            </option>
          ))}
        </SelectField>
        <FieldFrame label={t("Time zone")}>
          {({ id }) => (
            <Picker
              isField
              id={id}
              label={t("Time zone")}
              icon={<Clock aria-hidden />}
              shown={time_zone ?? t("That of the browser ({name})", { name: timeZone() })}
              value={time_zone ?? ""}
              options={[
                { value: "", label: t("That of the browser ({name})", { name: Intl.DateTimeFormat().resolvedOptions().timeZone }) },
                ...Intl.supportedValuesOf("timeZone").map((name) => ({ value: name, label: name })),
              ]}
              empty={t("No time zone is called so.")}
              onPick={(name) => save({ time_zone: name || null })}
            />
          )}
        </FieldFrame>
      </div>
    </Section>
  );
}
