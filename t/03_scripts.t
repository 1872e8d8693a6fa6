#!/usr/bin/env perl
# SPDX-License-Identifier: BSD-2-Clause
# Scripts: shellcheck has nothing to say about the shell ones, and every one
# can be run and can be parsed.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use Test::More;
use Guerdon::Stack;
use Guerdon::Tree;

my $top = Guerdon::Stack::top();
my $shellcheck = grep { -x "$_/shellcheck" } split /:/, $ENV{PATH};
my @shell = Guerdon::Tree::scripts('(?:ba|da)?sh');

ok(@shell > 3, 'there are shell scripts');
SKIP: {
	skip 'shellcheck is not installed', scalar @shell if !$shellcheck;
	for my $script (@shell) {
		my $file = Guerdon::Stack::quote("$top/$script");
		is(scalar qx(shellcheck -x -P SCRIPTDIR $file 2>&1), '',
		    "$script: shellcheck");
	}
}
for my $script (@shell, Guerdon::Tree::scripts('perl')) {
	ok(-x "$top/$script" || $script =~ /\.t$/, "$script may be run");
}

done_testing;
