/** Which deliveries of a webhook are shown, as it stands in the address. */
import { given } from "@/api/lists";
import { oneOf, text } from "@/executions/search";

export const DELIVERY_STATUSES = ["pending", "delivered", "failed"] as const;

export interface DeliverySearch {
  status?: (typeof DELIVERY_STATUSES)[number];
  event?: string;
  /** The delivery that is shown in full. */
  delivery?: string;
}

export function validateDeliveries(search: Record<string, unknown>): DeliverySearch {
  return given({
    status: oneOf(DELIVERY_STATUSES, search["status"]),
    event: text(search["event"]),
    delivery: text(search["delivery"]),
  });
}
