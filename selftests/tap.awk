# SPDX-License-Identifier: GPL-2.0
#
# Count the results of one or several TAP streams: prints "PASSED FAILED
# SKIPPED". A plan that is not fulfilled is a failure for each test that is
# missing. With -v show=1 failures and skips go to standard error.

function planned(line)
{
	sub(/^1\.\./, "", line)
	return line + 0
}

/^1\.\.[0-9]+/ {
	plan += planned($1)
	next
}
/^ok / && /# SKIP/ {
	skipped++
	if (show)
		print "    skipped: " $0 > "/dev/stderr"
	next
}
/^ok / {
	passed++
	next
}
/^not ok / {
	failed++
	if (show)
		print "    FAILED: " $0 > "/dev/stderr"
}

END {
	seen = passed + failed + skipped
	if (seen < plan) {
		failed += plan - seen
		if (show)
			print "    FAILED: " plan - seen \
			      " tests of the plan did not run" > "/dev/stderr"
	}
	print passed + 0, failed + 0, skipped + 0
}
