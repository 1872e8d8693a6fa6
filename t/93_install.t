#!/usr/bin/env perl
# SPDX-License-Identifier: BSD-2-Clause
# make install: programs, contracts, configuration and manual pages are where
# they belong, and the programs know where their contracts are.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use File::Find;
use File::Temp qw(tempdir);
use Test::More;
use Guerdon::Stack;

my $build = Guerdon::Stack::build();
plan skip_all => "$build has no Makefile" if !-e "$build/Makefile";

my $root = tempdir('gXXXXXX', TMPDIR => 1, CLEANUP => 1);
my $out = qx(make -C @{[Guerdon::Stack::quote($build)]} install \\
    DESTDIR=@{[Guerdon::Stack::quote($root)]} 2>&1);
is($?, 0, 'make install') or diag($out);
my ($prefix) = Guerdon::Stack::slurp("$build/Makefile") =~ /^prefix = (.*)$/m;
my @files;
find({no_chdir => 1, wanted => sub { push @files, substr $_, length $root if -f }},
    $root);
my %mode = map { $_ => (stat "$root$_")[2] & 0777 } @files;
for my $file (map({ "bin/$_" } qw(fcgi-gw fcgi-auth fcgi-event guerdon)),
    map({ "share/guerdon/$_" } qw(fcgi-auth/api.json fcgi-event/api.json
    guerdon.conf lighttpd.conf)), map { "share/man/$_" }
    qw(man8/guerdon.8 man8/fcgi-gw.8 man8/fcgi-auth.8 man8/fcgi-event.8
    man5/guerdon.conf.5)) {
	my $mode = $file =~ /^bin/ ? 0755 : 0644;
	is($mode{"$prefix/$file"}, $mode, $file);
}
like(qx($root$prefix/bin/guerdon version), qr/^guerdon \d/, 'it runs');
ok(!(grep { !m{^\Q$prefix\E/} } @files), 'nothing lies outside the prefix');
like(Guerdon::Stack::slurp("$root$prefix/bin/fcgi-gw"),
    qr{\Q$prefix\E/share/guerdon}, 'the contracts are looked for there');

done_testing;
