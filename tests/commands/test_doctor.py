from unstuck.commands import doctor


def test_what_a_report_of_a_bug_needs_is_printed(capsys):
    doctor.doctor()
    out = capsys.readouterr().out
    for word in ("unstuck ", "Python ", "torch ", "torch threads", "cores"):
        assert word in out


def test_what_is_missing_is_said(capsys, monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    monkeypatch.setattr(doctor, "_PACKAGES", ("scikit-learn-is-not-there",))
    doctor.doctor()
    out = capsys.readouterr().out
    assert "scikit-learn-is-not-there" in out
    assert "not installed" in out
    assert "pip install torch" in out
