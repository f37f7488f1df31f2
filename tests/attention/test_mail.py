"""Generated mails: wording that is held out, shares, and the split."""

import itertools
import re

import pytest

from vaehelpers.attention import mail, spam


def test_no_wording_is_shared_between_parts():
    for section, parts in mail.grammar().items():
        lines = list(itertools.chain.from_iterable(parts.values()))
        assert len(lines) == len(set(lines)) >= 5, section
        assert all(parts.values()), section
    seen = {part: {each.text for each in mail.generate(part, 300, 1)} for part in mail.PARTS}
    for one, two in itertools.combinations(mail.PARTS, 2):
        assert not seen[one] & seen[two]


def test_every_slot_is_filled_and_every_slot_exists():
    for part in mail.PARTS:
        for each in mail.generate(part, 400, 0):
            assert not re.search("[{}]", each.text)
    slots = set()
    for parts in mail.grammar().values():
        for line in itertools.chain.from_iterable(parts.values()):
            slots.update(re.findall(r"{(\w+)}", line))
    assert len(slots) > 5
    assert slots <= mail.grammar().keys()


def test_generated_mails_repeat_and_are_balanced():
    mails = mail.generate("train", 200, 5)
    assert mails == mail.generate("train", 200, 5)
    assert mails != mail.generate("train", 200, 6)
    assert sum(each.label for each in mails) == 100
    assert {each.kind for each in mails} == set(mail.KINDS)


def test_order_pairs_differ_in_order_alone():
    for part in mail.PARTS:
        for form in mail.grammar()["order"][part]:
            unwanted, wanted = (mail.in_order(label, form) for label in (1, 0))
            assert unwanted != wanted
            assert sorted(spam.tokenize(unwanted)) == sorted(spam.tokenize(wanted))


def test_a_split_keeps_the_shares_and_every_mail():
    mails = [mail.Mail(f"mail {i}", int(i % 4 == 0)) for i in range(120)]
    parts = mail.split_mails(mails, seed=1)
    assert [len(parts[part]) for part in mail.PARTS] == [60, 20, 40]
    assert [sum(each.label for each in parts[part]) for part in mail.PARTS] == [15, 5, 10]
    assert sorted(itertools.chain(*parts.values()), key=str) == sorted(mails, key=str)
    assert parts == mail.split_mails(mails, seed=1) != mail.split_mails(mails, seed=2)


def test_kinds_of_mail_have_the_shares_that_they_are_said_to_have():
    kinds = [each.kind for each in mail.generate("train", 4000, seed=0)]
    for kind, fifths in mail.SHARES.items():
        assert kinds.count(kind) / len(kinds) == pytest.approx(fifths / 5, abs=0.03)


def test_every_section_of_the_grammar_is_used():
    sentences = {"order", "open", "lead-in", "close", "ham warning"}
    sentences |= {*mail.SPAM_SECTIONS, *mail.HAM_SECTIONS}
    assert {name for name in mail.grammar() if not name.isupper()} == sentences
