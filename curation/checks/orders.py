"""Phrasings by which a text gives orders to a language model instead of telling a buyer."""

from __future__ import annotations

_IGNORE = "(?:ignore|disregard|override|bypass|overlook|neglect|forget(?: about)?)"
_WHICH = (
    "(?:all|any|every|each|of|the|these|those|this|that|my|your|our|its|other|and|or|previous|"
    "previously|prior|earlier|above|preceding|foregoing|existing|current|former|given|system|safety)"
)
_ORDERS = (
    "(?:instructions?|prompts?|directions|directives?|guidelines|commands?|orders|constraints?)"
)
_A = r"(?:(?:an?|the|any|all|every|my|your) )?(?:\w+[ -]){0,3}?"
_MODEL = r"(?:a\.?i\.?|llms?|language[ -]models?|chat[ -]?bots?|chat-?gpt|gpt-?\d\w*)\b"
_BE = "(?:you are|you['’]re|pretend (?:to be|that you are|you are))"
_CALL = "(?:dear|hey|hello|attention|(?:note|instructions?|message|order) (?:to|for))"
_BEGUN = r"(?:^|[.!?:;,\"\n]\s*|\byou (?:\w+ )?|\bnow |\bplease )"
_ANSWER = "(?:answer|respond|reply|output)"
_ONLY = "(?:(?:only|always|just|simply|exactly) )"
_WORKER = "(?:classifier|annotator|labell?er|categori[sz]er)"
_THING = "(?:category|label|class|json|word|phrase|string|path|sentence|text)"
_ROW = "(?:products?|items?|listings?|records?|rows?|texts?|offers?)"

_PHRASINGS = (
    rf"\b{_IGNORE} (?:{_WHICH} ){{1,6}}{_ORDERS}\b",
    r"\b(?:ignore|disregard|forget) (?:everything|anything|all|what(?:ever)?) (?:that )?"
    r"(?:(?:you (?:were|have been|are)|i|we) (?:told|said|instructed|given)|above|before|so far)\b",
    rf"\b(?:{_BE}|{_CALL})(?: now)?[:,]? {_A}{_MODEL}",
    rf"{_BEGUN}(?:act|behave) as {_A}{_MODEL}",
    r"\bas an? (?:a\.?i\.?|large language|language) (?:language )?model\b",
    rf"\byou are (?:now )?(?:an?|the) (?:\w+ ){{0,3}}{_WORKER}\b",
    r"\b(?:system|hidden|initial|original) prompt\b|\bprompt[ -]injection\b",
    r"\b(?:new|updated|real|actual|secret|hidden) instructions?\s*:",
    r"\b(?:end|start|begin(?:ning)?) of (?:the )?(?:prompt|system message)\b",
    rf"\b{_ANSWER} {_ONLY}*with {_ONLY}*(?:the |an? |one )?(?:single |following |exact )?"
    rf"(?:[\"“‘']\s*\w|{_THING}\b)",
    rf"\b(?:must|always|only|should|instead) {_ANSWER}(?: {_ONLY}*with\b|\s*:|\s*[\"“‘'])",
    rf"\b(?:classify|categori[sz]e|label|annotate|tag) (?:this|the|all|every|each) (?:\w+ )?{_ROW} "
    r"(?:only |always )?(?:as|under|into)\b",
    r"\b(?:reveal|print|repeat|show|output|disclose) (?:me )?(?:your|the) "
    r"(?:system |hidden |initial )?(?:prompt|instructions)\b",
    r"<\|?(?:im_start|im_end|endoftext|system|assistant|start_header_id|eot_id)\|?>",
    r"\[/?INST\]|<</?SYS>>|###\s*(?:system|instructions?|response|human|assistant)\b",
    r"(?m:^\s*(?:assistant|system message)\s*:)",
    # Spanish, Portuguese, Italian, French, German
    r"\bignor[ae] (?:todas? )?(?:las? |as |le )?(?:instrucciones|instru[çc][õo]es|istruzioni)",
    r"\bignore[zr] (?:toutes )?les (?:instructions|consignes) pr[ée]c[ée]dentes",
    r"\bignorier(?:e|en sie|t) (?:alle |die )*(?:vorherigen |bisherigen |obigen )?anweisungen",
)

MODEL_PATTERN = "(?i)" + "|".join(f"(?:{p})" for p in _PHRASINGS).replace(" ", r"\s+")
"""For Rust's regex; a blank in a phrasing stands for any white space."""

MODEL_SIGNS = (
    r"(?i-u)ignor|disregard|overrid|bypass|overlook|neglect|forget|instruct|prompt|system message|"
    r"\b(?:ai|a\.i|llm|gpt|chat)|language[\s-]|classif|categori|annotat|label|tag\s|"
    r"answer|respond|reply|output|print|show|reveal|repeat|disclose|<\||</?(?:system|assistant)|"
    r"\[/?inst|sys>>|###|assistant|consigne|anweisung|istruz"
)
"""Every phrasing holds one of these; a search of plain letters for them is thirty times faster."""
