#!/usr/bin/env perl
# SPDX-License-Identifier: BSD-2-Clause
# ARCHITECTURE.md lists every file of the tree with what it does, and no other.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use Test::More;
use Guerdon::Stack;
use Guerdon::Tree;

my $text = Guerdon::Stack::slurp(Guerdon::Stack::top() . '/ARCHITECTURE.md');
ok($text ne '', 'ARCHITECTURE.md is there');

# A file is listed by a line that begins with its path, as a table's cell or
# an item, in backquotes: `shared/arena.c`.  Several may share a line.  In
# "`shared/arena.c`, `.h`" the second is the same name with that ending.
my %listed;
for my $line (grep { /^\s*(?:\||[-*])\s*`/ } split /\n/, $text) {
	my ($cell) = $line =~ /^\s*(?:\||[-*])\s*((?:`[^`]+`(?:,?\s+(?:and\s+)?)?)+)/;
	my $last;
	for my $name ($cell =~ /`([^`]+)`/g) {
		if ($name =~ /^\.\w+$/ && defined $last && $last =~ /\.\w+$/) {
			$name = $last =~ s/\.\w+$/$name/r;
		}
		$listed{$last = $name}++;
	}
}
my @files = Guerdon::Tree::files();
ok(@files > 100, 'the tree has files');
# Seeds of the fuzz targets are listed by their folder.
my @missing = grep { !$listed{$_} && !m{^fuzz/corpus/} } @files;
is(join("\n", @missing), '', 'every file of the tree is listed');
my %there = map { $_ => 1 } @files;
my %folder = ('fuzz/corpus' => 1,
    map { s{/[^/]*$}{}r => 1 } grep { m{/} } @files);
is(join("\n", grep { m{^[\w./-]+$} && m{[./]} && !$there{$_} &&
    !$folder{s{/$}{}r} } sort keys %listed), '',
    'every file that is listed is there');

done_testing;
