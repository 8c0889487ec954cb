"""Batches whose process ended while it handed them in: looked for at the provider, and adopted."""

from __future__ import annotations

import datetime
import os

from catalog.wording import counted
from curation.llm.providers.batches import Found, Sought, make_batches
from curation.llm.requests import BusyError, RejectedError
from workspace.models.batch_store import CUT_OFF, LOST, NEVER_THERE, REFUSED, BatchStore, OpenBatch
from workspace.models.calls import now

SETTLED_AFTER = datetime.timedelta(minutes=5)
"""How long after a batch went out its provider may not list it yet."""
_CLOCKS_DIFFER_BY = datetime.timedelta(minutes=10)
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
    settings, requests = one.settings, counted(n, "request")
    told = f"{one.told}: {requests} may have been handed in when a process ended"
    at_stake = f"{told}, and cost up to ${most_usd:,.4f}"
    again = (
        f"They are not asked again until that is known; `label --collect --give-up {one.batch_id}` "
        "asks them anew"
    )
    try:
        found = await _found(store, one, n)
    except (BusyError, RejectedError) as error:
        if isinstance(error, RejectedError) and error.status in _LISTS_NONE:
            store.close(one.batch_id, LOST, CUT_OFF, None)
            return f"{at_stake}; the server does not list its batches, so they are asked again"
        return f"{told}; they could not be looked for: {str(error).rstrip('.')}. {again}"
    if found.batch_id is not None:
        store.handed_in(one.batch_id, found.batch_id)
        return (
            f"{one.annotator}, batch {found.batch_id}: a process ended while it handed this in; "
            f"{requests} found again at {settings.provider}"
        )
    if found.n_unread:
        at_work = counted(found.n_unread, "batch", "batches")
        return (
            f"{told}; {settings.provider} has {at_work} at work that may hold them, and says so at "
            f"the end. {again}"
        )
    if now() - one.submitted_at < SETTLED_AFTER:
        minutes = int(SETTLED_AFTER.total_seconds() // 60)
        return (
            f"{told}; {settings.provider} does not list them, and may do so within {minutes} "
            f"minutes. {again}"
        )
    store.close(one.batch_id, REFUSED, NEVER_THERE, 0.0)
    return f"{one.told}: a process ended before {settings.provider} had its {requests}"


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
