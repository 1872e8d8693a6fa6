#!/usr/bin/env perl
# SPDX-License-Identifier: BSD-2-Clause
# Schemathesis, with all its checks, makes requests of the public document and
# holds the answers against it: as each role, and as nobody.  What it may not
# do, or may find, is in schemathesis/schemathesis.toml, with the reason.
#
#	GUERDON_SCHEMATHESIS	where schemathesis/setup has put it
#	GUERDON_SEED		the seed of an earlier run
#	GUERDON_EXAMPLES	requests for an operation and phase
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use File::Temp qw(tempdir);
use Test::More;
use Guerdon::Stack;

my $bin = ($ENV{GUERDON_SCHEMATHESIS} // '') . '/venv/bin/schemathesis';
plan skip_all => 'Schemathesis is not there: tools/check sets it up'
    if !-x $bin;

my $seed = $ENV{GUERDON_SEED} // int rand 1e9;
my $examples = $ENV{GUERDON_EXAMPLES} // 3;
my $g = Guerdon::Stack->new(workers => 2, limits => 'off');
my $work = tempdir('gstXXXXXX', TMPDIR => 1, CLEANUP => 1);

# Something to find: ids that are named as examples are not there.
my $user = $g->new_user;
$g->claim($g->new_event, $user);

# Start a run as one of a role; its process.
sub start {
	my ($role) = @_;
	my @command = ($bin, '--no-color', '--config-file',
	    "$FindBin::Bin/schemathesis/schemathesis.toml", 'run',
	    "http://127.0.0.1:$g->{port}{http}/v1/openapi.json",
	    '--checks', 'all', '--seed', $seed, '--max-examples', $examples,
	    '--continue-on-failure', '--request-timeout', 10);
	my $as = $role eq 'nobody' ? undef : $g->new_user($role);

	push @command, '-H', "Authorization: Bearer $as->{token}" if $as;
	my $pid = fork // die "fork: $!";
	return $pid if $pid != 0;
	mkdir "$work/$role.d";
	chdir "$work/$role.d" or die "$work: $!";
	open STDOUT, '>', "$work/$role" or die "$role: $!";
	open STDERR, '>&', \*STDOUT or die "stderr: $!";
	exec @command or die "$bin: $!";
}

# Two at a time.
diag("seed $seed");
my @roles = qw(ADMIN USER OPERATOR AUDITOR nobody);
my %running;
while (@roles || %running) {
	while (@roles && keys %running < 2) {
		my $role = shift @roles;
		$running{start($role)} = $role;
	}
	my $role = delete $running{+wait} // next;
	is($?, 0, "$role: no failure") or
	    diag(Guerdon::Stack::slurp("$work/$role"));
	note(Guerdon::Stack::slurp("$work/$role"));
}
is(join("\n", $g->reports), '', 'nothing for the sanitizers to report');

done_testing;
