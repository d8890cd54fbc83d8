from gateway.realtime.witnesses import News


def test_who_may_not_know_hears_nothing_of_a_change() -> None:
    news = News(has_changed=True)

    assert news.concerns("bob", is_hidden=False)
    assert not news.concerns("bob", is_hidden=True)


def test_who_may_know_no_longer_is_told_so() -> None:
    assert News(looks_different=True).concerns("bob", is_hidden=True)
    assert News(viewer_ids={"bob"}).concerns("bob", is_hidden=True)


def test_what_looks_different_to_one_is_nobody_else_s_business() -> None:
    news = News(viewer_ids={"bob"})

    assert not news.concerns("cyn", is_hidden=False)
    assert not news.is_for_all


def test_what_happens_meanwhile_adds_up() -> None:
    news = News()
    for other in (News(viewer_ids={"bob"}), News(has_changed=True), News(viewer_ids={"cyn"})):
        news.add(other)

    assert news == News(has_changed=True, viewer_ids={"bob", "cyn"})
    assert news.concerns("bob", is_hidden=True)
    assert news.concerns("eve", is_hidden=False)
    assert not news.concerns("eve", is_hidden=True)
