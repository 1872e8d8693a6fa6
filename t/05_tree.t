#!/usr/bin/env perl
# SPDX-License-Identifier: BSD-2-Clause
# The tree holds no secret, no path of one machine and no registry's host, and
# its files say under which licence they are.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use Test::More;
use Guerdon::Stack;
use Guerdon::Tree;

my $top = Guerdon::Stack::top();
my $self = 't/05_tree.t';
my @texts = grep { $_ ne $self } Guerdon::Tree::texts();
my %text = map { $_ => Guerdon::Stack::slurp("$top/$_") } @texts;
my $locks = qr{(?:^|/)(?:package-lock\.json|go\.sum)$};

ok(@texts > 80, 'the tree has texts');

# Files in which a pattern is found, with the line.
sub found {
	my ($pattern, $except) = @_;
	my @out;

	for my $file (sort keys %text) {
		next if defined $except && $file =~ $except;
		my $n = 0;
		for my $line (split /\n/, $text{$file}) {
			$n++;
			push @out, "$file:$n: $line" if $line =~ $pattern;
		}
	}
	return join "\n", @out;
}

is(found(qr{(?:^|[\s"'=(])/(?:home|root|work|Users|mnt)/\w}), '',
    'no path of one machine');
is(found(qr{-----BEGIN [A-Z ]*PRIVATE KEY}), '', 'no private key');
is(found(qr{\b(?:AKIA[0-9A-Z]{16}|gh[pousr]_[A-Za-z0-9]{30}|
    eyJhbGciOi[\w-]{20,}\.[\w-]{20,})\b}x), '', 'no token');
is(found(qr{https?://[^\s/"'@]+:[^\s/"'@]+@}), '',
    'no address with a password');
is(found(qr{^(?:registry|index-url|GOPROXY)\s*=|"resolved":\s*
    "https?://(?!registry\.npmjs\.org/)}x), '',
    'no registry but the public one');
is(found(qr{[^\x00-\x7f]}, qr{(?:\.md|$locks|^t/)}), '',
    'sources are ASCII');
is(found(qr{[ \t]+$}, qr{\.md$|$locks}), '', 'no white space at line ends');

# A file that can hold a comment begins with the licence line.
my @bare = grep { m{\.(?:c|h|t|pm)$|^(?:configure\.ac|Makefile\.am)$} &&
    $text{$_} !~ /\A(?:[^\n]*\n){0,3}[^\n]*SPDX-License-Identifier: BSD-2-Clause/ }
    @texts;
is("@bare", '', 'sources name their licence');
like($text{COPYING} // '', qr/Redistribution and use/, 'COPYING is there');
for my $document (qw(README.md CONTRIBUTING.md CHANGELOG.md SECURITY.md
    ARCHITECTURE.md t/README)) {
	ok(defined $text{$document}, "$document is there");
}

# What is a compile error elsewhere: functions that can't be used safely.
is(found(qr{\b(?:strcpy|strcat|sprintf|vsprintf|strtok|gets|alloca|
    gmtime|localtime|rand|srand|tmpnam)\s*\(}x, qr{^(?!.*\.[ch]$)}), '',
    'no function that is not safe');

done_testing;
