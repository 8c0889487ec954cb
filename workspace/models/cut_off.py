"""Batches whose process ended while it handed them in: looked for at the provider, and adopted."""

from __future__ import annotations

import datetime
import os

from catalog.wording import counted
from curation.llm.providers import make_batches
from curation.llm.providers.batches import Found, Sought
from curation.llm.requests import BusyError, RejectedError
from workspace.models.batch_store import CUT_OFF, LOST, NEVER_THERE, REFUSED, BatchStore, OpenBatch
from workspace.models.calls import now

SETTLED_AFTER = datetime.timedelta(minutes=5)
"""How long after a batch went out its provider may not list it yet."""
_CLOCKS_DIFFER_BY = datetime.timedelta(hours=1)
_LISTS_NONE = (404, 405, 501)


async def look_up(store: BatchStore) -> dict[str, str]:
    """Look for the batches that were cut off, before anything of them is asked again.

    One that its provider has is open from then on, as if nothing had happened. One that it does
    not have is closed, and cost nothing. One whose provider lists no batches is closed as lost.
    Of the others nobody can say yet: they stay as they are, and count as at work.

    Returns
    -------
    A line to say of each batch, by our name of it.
    """
    return {one.batch_id: await _looked_up(store, one) for one in store.cut_off()}


async def _looked_up(store: BatchStore, one: OpenBatch) -> str:
    n, most_usd = store.size(one.batch_id)
    provider, requests = one.settings.provider, counted(n, "request")
    told = f"{one.told}: {requests} may have been handed in when a process ended"
    try:
        found = await _found(store, one, n)
    except (BusyError, RejectedError) as error:
        if isinstance(error, RejectedError) and error.status in _LISTS_NONE:
            store.close(one.batch_id, LOST, CUT_OFF, None)
            return (
                f"{told}, and cost up to ${most_usd:,.4f}; the server does not list its batches, so "
                "they are asked again"
            )
        why = f"they could not be looked for: {str(error).rstrip('.')}"
    else:
        if found.batch_id is not None:
            store.handed_in(one.batch_id, found.batch_id)
            return (
                f"{one.annotator}, batch {found.batch_id}: a process ended while it handed this in; "
                f"{requests} found again at {provider}"
            )
        if not found.n_unread and now() - one.submitted_at >= SETTLED_AFTER:
            store.close(one.batch_id, REFUSED, NEVER_THERE, 0.0)
            return f"{one.told}: a process ended before {provider} had its {requests}"
        why = _not_yet(found, provider)
    store.note(one.batch_id, why)
    return (
        f"{told}; {why}. They are not asked again until that is known; "
        f"`label --collect --give-up {one.batch_id}` asks them anew"
    )


def _not_yet(found: Found, provider: str) -> str:
    """Why nobody can say yet whether a batch is there."""
    if found.n_unread:
        at_work = counted(found.n_unread, "batch", "batches")
        return f"{provider} has {at_work} at work that may hold them, and says so at the end"
    minutes = int(SETTLED_AFTER.total_seconds() // 60)
    return f"{provider} does not list them, and may do so within {minutes} minutes"


async def _found(store: BatchStore, one: OpenBatch, n_requests: int) -> Found:
    settings = one.settings
    sending = datetime.timedelta(seconds=10 * settings.timeout_s)
    sought = Sought(
        one.batch_id,
        n_requests,
        one.submitted_at - _CLOCKS_DIFFER_BY,
        one.submitted_at + sending + _CLOCKS_DIFFER_BY,
        store.remote_ids(settings.provider),
    )
    batches = make_batches(settings, os.environ.get(settings.key_name))
    try:
        return await batches.find(sought)
    finally:
        await batches.close()
