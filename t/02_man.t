#!/usr/bin/env perl
# SPDX-License-Identifier: BSD-2-Clause
# Manual pages: mandoc finds nothing to say about them, there is one for each
# program, and guerdon.conf(5) knows every key of the table in conf.c.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use Test::More;
use Guerdon::Stack;

my $top = Guerdon::Stack::top();
my @pages = glob "$top/man/*.[1-9]";
my $mandoc = grep { -x "$_/mandoc" } split /:/, $ENV{PATH};

for my $program (qw(guerdon fcgi-gw fcgi-auth fcgi-event)) {
	ok(-s "$top/man/$program.8", "there is a $program(8)");
}
SKIP: {
	skip 'mandoc is not installed', scalar @pages if !$mandoc;
	# Run where the pages are, so that it finds the ones they refer to.
	my $man = Guerdon::Stack::quote("$top/man");
	for my $page (@pages) {
		my $file = Guerdon::Stack::quote($page =~ s{.*/}{}r);
		is(scalar qx(cd $man && mandoc -Tlint -Wstyle $file 2>&1 | \\
		    grep -v 'Mdocdate\\|operating system explicitly'), '',
		    ($page =~ s{.*/}{}r) . ' is clean');
	}
}

my $source = Guerdon::Stack::slurp("$top/shared/conf.c");
my @keys = $source =~ /^\tROW\((\w+),/mg;
ok(@keys > 5, 'conf.c has keys');
for my $file ('man/guerdon.conf.5', 'guerdon.conf') {
	my $text = Guerdon::Stack::slurp("$top/$file");
	is(join(' ', grep { $text !~ /\b$_\b/ } @keys), '',
	    "$file names every key");
}

done_testing;
