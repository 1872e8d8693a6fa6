#!/usr/bin/env perl
# SPDX-License-Identifier: BSD-2-Clause
# A query that takes longer than it may is ended by the database, and answered
# with 503; nothing else is the slower for it.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use IPC::Open2;
use Test::More;
use Guerdon::Assert;
use Guerdon::Stack;

my $g = Guerdon::Stack->new(workers => 2, devdb => 1);
my $claim = $g->claim($g->new_event, $g->new_user)->get('claimId');
my @pools = qw(gw auth event);
my %pids = map { $_ => join ' ', sort $g->workers($_) } @pools;

# PostgreSQL's own lock on the table makes all that reads claims wait.
my $pid = open2(my $out, my $in, Guerdon::Stack::top() . '/devdb/devdb', 'sql',
    $g->{devdb});
sub sql {
	print $in "$_[0];\n\\echo done\n";
	$in->flush;
	my @lines;
	while (defined(my $line = readline $out)) {
		chomp $line;
		return @lines if $line eq 'done';
		push @lines, $line;
	}
	die "psql ended\n";
}
my ($id) = sql("SELECT collection_id FROM documentdb_api_catalog.collections " .
    "WHERE collection_name = 'claims' AND database_name = '$g->{db}'");
like($id, qr/^\d+$/, 'the table of claims');
sql('BEGIN');
sql("LOCK TABLE documentdb_data.documents_$id IN ACCESS EXCLUSIVE MODE");

for my $path ('/v1/claims', "/v1/claims/$claim", '/v1/users/me/claims') {
	my $res = $g->call(GET => $path, as => $path =~ /me/ ? 'USER' :
	    'ADMIN');
	is_problem($res, 503, 'SERVICE_UNAVAILABLE', "GET $path");
	like($res->header('Retry-After'), qr/^\d+$/, '... try again');
	cmp_ok($res->seconds, '<', 1.6, sprintf '... after %.1f s',
	    $res->seconds);
}
# It was the database that ended it, and not we who hung up: 50 is
# MaxTimeMSExpired.
is(scalar(grep { ($_->{message} // '') eq 'database' &&
    ($_->{operation} // '') eq 'claims' && ($_->{code} // 0) == 50 }
    $g->log('fcgi-event')), 3, 'three queries were ended by maxTimeMS');

for my $path ('/v1/events', '/v1/users/me') {
	my $res = $g->call(GET => $path, as => 'USER');
	is_status($res, 200, "GET $path meanwhile");
	cmp_ok($res->seconds, '<', 0.5, '... at once');
}

sql('COMMIT');
is_status($g->call(GET => '/v1/claims', as => 'ADMIN'), 200,
    'the lock is gone: claims are listed');
close $in;
waitpid $pid, 0;
is(join(' ', sort $g->workers($_)), $pids{$_}, "no worker of $_ has ended")
    for @pools;

done_testing;
