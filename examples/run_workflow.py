"""Creates a workflow, runs it, and shows what became of it: ``python examples/run_workflow.py 4``."""

import sys

from athena_client import Athena


def main(price: int) -> None:
    """Has the price doubled."""
    with Athena() as client:
        workflow = client.workflows.create(
            name="Doubles a price",
            status="active",
            nodes=[
                {"id": "start", "type": "manual_trigger"},
                {"id": "sum", "type": "set", "data": {"fields": {"total": "{{ trigger.input.price * 2 }}"}}},
            ],
            edges=[{"source": "start", "target": "sum"}],
        )
        with client.workflows.stream(workflow["uuid"], {"price": price}) as stream:
            last = [event.type for event in stream][-1]
        (execution,) = client.workflow_executions.list(workflow_uuid=workflow["uuid"])
        print(last, execution["status"], client.workflow_executions.get(execution["uuid"])["output"])


if __name__ == "__main__":
    main(int(sys.argv[1]))
