#!/usr/bin/env perl
# SPDX-License-Identifier: BSD-2-Clause
# Every operation, while the n-th allocation, write, connect or fsync of a
# worker fails: the answer is the right one or a clean 5xx, the next request is
# served, no worker dies or leaks, and the books agree.
#
# It takes a build with --enable-fault-injection, which tools/check makes.
# Some n of each; every n with GUERDON_FAULTS=all, which takes ten minutes.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use JSON::PP ();
use Test::More;
use Time::HiRes qw(sleep time);
use Guerdon::Contract;
use Guerdon::Mongo;
use Guerdon::Stack;

BEGIN {
	$ENV{GUERDON_BUILD} = $ENV{GUERDON_FAULTS_BUILD} //
	    Guerdon::Stack::top() . '/build-faults';
}
plan skip_all => 'no build with fault injection: tools/check makes one'
    if !-x Guerdon::Stack::build() . '/bin/fcgi-gw';

my $every = ($ENV{GUERDON_FAULTS} // '') eq 'all';
my $tries = 4;		# of one operation, kind and pool, unless every
my $last_n = 5000;	# no request takes so many calls
my %kinds = (allocation => 1, write => 2, connect => 3, sync => 4,
    library => 5);

# The plan that fault.c reads: kind, program, calls left, calls failed.
my $plan_path = "/dev/shm/guerdon-faults-$$";
open my $plan, '+>', $plan_path or die "$plan_path: $!";
END { unlink $plan_path if defined $plan_path }

sub set_plan {
	my ($kind, $pool, $n) = @_;

	sysseek $plan, 0, 0;
	syswrite $plan, pack 'l a12 q q', $kind, $pool eq 'guerdon' ?
	    $pool : "fcgi-$pool", $n, 0;
}

# How many calls have failed so far?
sub failed_calls {
	my $bytes;

	sysseek $plan, 0, 0;
	sysread $plan, $bytes, 32;
	return (unpack 'l a12 q q', $bytes)[3];
}

# Stop failing; how many calls failed?
sub end_plan {
	my $failed = failed_calls();

	set_plan(0, '', 0);
	return $failed;
}

set_plan(0, '', 0);
$ENV{GUERDON_FAULT_PLAN} = $plan_path;
my $g = Guerdon::Stack->new(workers => 1);
my $db = Guerdon::Mongo->new($g);
my %pid = map { my $pool = $_; map { $_ => $pool } $g->workers($pool) }
    qw(gw auth event);

my $serial = 0;
my $user = $g->new_user;
my $event = $g->new_event;
my $claim = $g->claim($event, $user)->json;
my @limited;		# events of which each has granted one claim

# A person to be made.
sub person { return {email => "f$$." . ++$serial . '@example.org',
    name => 'F', password => 'correct horse battery', @_} }

# An event of one claim that is to be decided.
sub pending {
	my $made = $g->new_event(rewards => [{type => 'ITEM', name => 'P',
	    quantity => 1, requiresApproval => JSON::PP::true}]);

	return $g->claim($made, $user)->get('claimId');
}

sub limited {
	my $made = $g->new_event(rewards => [{type => 'ITEM', name => 'S',
	    quantity => 1, stock => 3}]);

	push @limited, $made;
	return $made->{eventId};
}

# Somebody who may be changed: copies of one user are cheap.
my @people;
sub somebody {
	@people = $g->new_people(500) if !@people;
	return shift @people;
}

my @reason = (json => {reason => 'because'});
my @match = (headers => ['If-Match', '*']);
my %reward = (type => 'ITEM', name => 'R', quantity => 1);
my $secret = 'correct horse battery';

# operationId => the ids in its path and the rest of a request, as it is now.
my %rows = (
    user_create => sub { ([], json => person()) },
    staff_create => sub { ([], as => 'ADMIN',
	json => person(role => 'AUDITOR')) },
    user_get => sub { ([$user->{userId}], as => 'ADMIN') },
    user_internal_get => sub { ([$user->{userId}]) },
    user_patch => sub { ([$user->{userId}], as => 'ADMIN',
	json => {status => 'ACTIVE'}) },
    user_delete => sub { ([somebody()->{userId}], as => 'ADMIN') },
    account_delete => sub { ([], as => somebody(),
	json => {password => $secret}) },
    account_password => sub { ([], as => somebody(),
	json => {currentPassword => $secret, newPassword => "$secret 2"}) },
    session_login => sub { ([], json => {email => $user->{email},
	password => $user->{password}}) },
    session_refresh => sub { ([], json => {refreshToken =>
	somebody()->{refresh}}) },
    session_logout => sub { ([], as => somebody()) },
    session_mine_end => sub { my $one = somebody(); ([(split /\./,
	$one->{refresh})[0]], as => $one) },
    session_mine_end_all => sub { ([], as => somebody()) },
    session_list => sub { ([$user->{userId}], as => 'ADMIN') },
    session_revoke => sub { my $one = somebody(); ([$one->{userId},
	(split /\./, $one->{refresh})[0]], as => 'ADMIN') },
    session_revoke_all => sub { ([somebody()->{userId}], as => 'ADMIN') },
    factor_get => sub { ([], as => 'AUDITOR') },
    factor_begin => sub { ([], as => 'AUDITOR', json => {password =>
	$g->person('AUDITOR')->{password}}) },
    factor_confirm => sub { ([], as => 'AUDITOR', json => {code =>
	'000000'}) },
    factor_remove => sub { ([], as => 'AUDITOR', json => {password =>
	$g->person('AUDITOR')->{password}, code => '000000'}) },
    factor_reset => sub { ([somebody()->{userId}], as => 'ADMIN') },
    token_introspect => sub { ([], body => "token=$user->{token}",
	type => 'application/x-www-form-urlencoded') },
    event_create => sub { ([], as => 'OPERATOR', json => {title => 'T',
	startsAt => '2020-01-01T00:00:00Z', endsAt => '2090-01-01T00:00:00Z',
	rewards => [\%reward]}) },
    event_get => sub { ([$event->{eventId}], as => $user) },
    event_patch => sub { ([$event->{eventId}], as => 'OPERATOR',
	json => {title => 'T' . ++$serial}, @match) },
    reward_create => sub { ([$g->new_event->{eventId}], as => 'OPERATOR',
	json => \%reward) },
    reward_get => sub { ([$event->{rewards}[0]{rewardId}], as => $user) },
    reward_patch => sub { ([$event->{rewards}[0]{rewardId}],
	as => 'OPERATOR', json => {quantity => ++$serial}, @match) },
    claim_create => sub { ([limited()], as => $user) },
    claim_get => sub { ([$claim->{claimId}], as => $user) },
    claim_eligibility => sub { ([$event->{eventId}], as => $user) },
    claim_approve => sub { ([pending()], as => 'ADMIN', json => {}) },
    claim_reject => sub { ([pending()], as => 'ADMIN', @reason) },
    claim_revoke => sub { ([$g->claim($g->new_event, $user)
	->get('claimId')], as => 'ADMIN', @reason) },
    activity_create => sub { ([], json => {activities => [{activityId =>
	"f$$." . ++$serial, userId => $user->{userId}, metric => 'm'}]}) },
    attributes_set => sub { ([$user->{userId}],
	json => {attributes => {level => ++$serial}}) },
    progress_get => sub { ([$user->{userId}]) },
);

# Who may call it, where a row doesn't say.
sub caller_of {
	my ($op) = @_;

	for my $role (qw(ADMIN AUDITOR OPERATOR)) {
		return (as => $role) if $op->{public} &&
		    grep { $_ eq $role } @{$op->{roles}};
	}
	return (as => $user) if $op->{public} &&
	    grep { $_ eq 'USER' } @{$op->{roles}};
	return (basic => 1, on => $op->{service});
}

# The request, fresh; calling it is another matter.
sub request_of {
	my ($op) = @_;
	my $row = $rows{$op->{id}};
	my ($ids, %rest) = $row ? $row->() : [];
	my @ids = @$ids;
	my %by = exists $rest{as} || ($op->{public} &&
	    grep { $_ eq 'PUBLIC' } @{$op->{roles}}) ? () : caller_of($op);

	return [$op->{method}, $op->{path} =~ s/\{\w+\}/shift @ids/ger, %by,
	    %rest, timeout => 20];
}

# What an answer looks like, whatever it says: names and types.
sub shape {
	my ($value) = @_;

	return '{' . join(',', map { "$_:" . shape($value->{$_}) }
	    sort keys %$value) . '}' if ref $value eq 'HASH';
	return '[' . (@$value ? shape($value->[0]) : '') . ']'
	    if ref $value eq 'ARRAY';
	return '.';
}

sub outcome {
	my ($res) = @_;

	return $res->brief . ' ' . ($res->body eq '' ? '' :
	    shape(scalar eval { $res->json }));
}

# Was it refused in good order?  Where the gateway itself is cut off, the
# answer is lighttpd's.
sub is_clean {
	my ($res, $pool) = @_;

	# Cut off in the middle by the gateway's write, and seen to be.
	return 1 if ($res->{error} // '') eq 'the answer is cut off' &&
	    $pool eq 'gw';
	return 0 if $res->{error} || $res->status !~ /^50[0234]$/;
	return $pool eq 'gw' || ($res->header('Content-Type') // '') eq
	    'application/problem+json';
}

# Too many wrong codes are a right answer, too.
my %also = map { $_ => qr/^429 / } qw(factor_confirm factor_remove);

# Answers that differ by what was done before are as good as each other.
sub is_right {
	my ($got, $right) = @_;

	return $got eq $right || $got =~ /^\Q@{[(split ' ', $right)[0]]}\E / &&
	    $got =~ tr/[// && length $got > 4;
}

# One operation with the n-th call failing: undef if there was no n-th.
sub try_one {
	my ($op, $kind, $pool, $n, $right) = @_;
	my $request = request_of($op);

	set_plan($kinds{$kind}, $pool, $n);
	my $res = $g->call(@$request);
	return if end_plan() == 0;
	my @wrong;
	push @wrong, 'answered ' . outcome($res) if !is_clean($res, $pool) &&
	    !is_right(outcome($res), $right) &&
	    outcome($res) !~ ($also{$op->{id}} // qr/^$/);
	my $again = $g->call(@$request);
	push @wrong, 'again ' . $again->brief if $again->status >= 500 ||
	    $again->status == 0;
	my $next = $g->call(GET => "/v1/claims/$claim->{claimId}",
	    as => $user);
	push @wrong, 'next ' . $next->brief if $next->status != 200;
	return map { "$kind $n of $pool: $_" } @wrong ? @wrong : ();
}

# Does the n-th happen at all?  So the step from n to n is found.
sub count_calls {
	my ($op, $kind, $pool) = @_;
	my $request = request_of($op);

	set_plan($kinds{$kind}, $pool, 1 << 40);
	$g->call(@$request);
	my $bytes;
	sysseek $plan, 0, 0;
	sysread $plan, $bytes, 32;
	end_plan();
	return (1 << 40) - (unpack 'l a12 q q', $bytes)[2];
}

my ($total, %failed) = (0);
for my $op (operations()) {
	my $lists = $op->{path} !~ /\{/ && !@{$op->{media}};
	if (!$rows{$op->{id}} && !$lists) {
		fail("$op->{id} has a row in this test");
		next;
	}
	my $right = outcome($g->call(@{request_of($op)}));
	my @wrong;
	push @wrong, "without a fault: $right" if $right =~ /^[05]/;
	for my $kind (qw(allocation write)) {
		for my $pool ('gw', $op->{service} eq 'auth' ? 'auth' :
		    ('auth', 'event')) {
			my $calls = count_calls($op, $kind, $pool);
			my $step = $every ? 1 : 1 + int($calls / $tries);
			for (my $n = 1; $n <= $calls && $n < $last_n;
			    $n += $step) {
				push @wrong, try_one($op, $kind, $pool, $n,
				    $right);
				$total++;
				$failed{$kind}++;
			}
		}
	}
	is(join("\n", @wrong), '', "$op->{service}: $op->{id}");
}
cmp_ok($failed{$_} // 0, '>', 0, "$_: " . ($failed{$_} // 0) . ' tries')
    for qw(allocation write);

# Connections are kept: a gateway's links are closed after a second without a
# call, and the database is connected to by a new worker's first request.
sub next_claim {
	return $g->call(GET => "/v1/claims/$claim->{claimId}", as => $user,
	    timeout => 20);
}

for my $n (1 .. 3) {
	sleep 1.5;
	set_plan($kinds{connect}, 'gw', $n);
	my $res = next_claim();
	my $failed = end_plan();
	is($failed, $n < 3 ? 1 : 0, "connect $n of gw") or next;
	ok($res->status == 200 || is_clean($res, 'auth'), '... answered ' .
	    $res->brief);
	is(next_claim()->brief, '200', '... and the next one');
}
for my $pool (qw(auth event)) {
	for my $n (1 .. ($every ? 12 : 3)) {
		set_plan($kinds{connect}, $pool, $n);
		$g->stack('restart-pool', $pool);
		ok($g->wait_for(sub { next_claim()->status == 200 }, 20),
		    "connect $n of $pool as it starts: served again");
		is($g->wait_for(sub { $g->ready && $g->whole }, 20) ? 1 : 0,
		    1, '... by all') or last;
		$failed{"connect of $pool"} += end_plan();
	}
	cmp_ok($failed{"connect of $pool"} // 0, '>', 0,
	    "connects of $pool have failed");
	%pid = ((map { $_ => $pool } $g->workers($pool)),
	    map { $_ => $pid{$_} } grep { $pid{$_} ne $pool } keys %pid);
}

# A spool is synced when it holds what can't be shipped yet, such as an attempt
# whose result could not be written.
my $claim_create = {id => 'claim_create', method => 'POST', public => 1,
    path => '/v1/events/{eventId}/claims', roles => ['USER']};
my @audited;
sub lost_results {
	return scalar grep { ($_->{message} // '') eq
	    'audit result not spooled' } $g->log('fcgi-event');
}
my $lost = lost_results();
for my $n (1 .. 16) {
	my $request = request_of($claim_create);
	set_plan($kinds{write}, 'event', $n);
	my $res = $g->call(@$request);
	last if end_plan() == 0;
	ok($res->status == 201 || is_clean($res, 'event'),
	    "write $n of event: a claim is answered " . $res->brief);
	my $open = lost_results() > $lost;
	$lost = lost_results();
	set_plan($kinds{sync}, 'event', 1);
	my $again = $g->call(@$request);
	# A worker ships half a second after what it has to ship; it takes
	# the worker that lost a result.
	for (1 .. $open ? 20 : 1) {
		last if $g->wait_for(\&failed_calls, 0.7);
		$g->call(@$request);
	}
	$failed{sync} += end_plan();
	ok($again->status =~ /^(?:201|409)$/, '... and again ' .
	    $again->brief);
	push @audited, $request->[1] =~ /(ev_\w+)/;
}
cmp_ok($failed{sync}, '>', 0, 'syncs have failed');
is(join(' ', grep { my $id = $_; !$g->audit("eventId=$id", 2, 15) }
    @audited), '', 'every attempt has left its record');

# A key that could not be synced is none: tokens are good before and after.
for my $n (1 .. 4) {
	set_plan($kinds{sync}, 'guerdon', $n);
	my ($said, $exit) = $g->guerdon('key', 'rotate');
	my $failed = end_plan();
	# The first one is of the key; what may be lost then is its name only.
	ok($exit == 0 || $failed > 0 && $n == 1, "sync $n of guerdon key " .
	    "rotate: exit status $exit") or diag $said;
	is(next_claim()->brief, '200', '... and a token is good');
}

# No worker has died: not one has another pid.
is(join(' ', map { my $pool = $_; grep { ($pid{$_} // '') ne $pool }
    $g->workers($pool) } qw(gw auth event)), '', 'no worker has died');

# The driver aborts when it gets no memory: that costs its worker, and at most
# this one request, which the gateway makes once more with another worker.
for my $op ($every ? operations() : grep { $_->{id} =~
    /^(?:session_login|user_me|event_list|event_create|claim_create)$/ }
    operations()) {
	my $right = outcome($g->call(@{request_of($op)}));
	my ($pool, @wrong) = $op->{service};
	my $calls = count_calls($op, 'library', $pool);
	my $step = 1 + int($calls / ($every ? 20 : $tries));
	for (my $n = 1; $n <= $calls; $n += $step) {
		push @wrong, try_one($op, 'library', $pool, $n, $right);
		push @wrong, "library $n: the pool isn't whole again"
		    if !$g->wait_for(sub { $g->whole }, 20);
		$failed{library}++;
	}
	is(join("\n", @wrong), '', "$op->{service}: $op->{id}, while the " .
	    "driver aborts at one of $calls allocations");
}
my $new = grep { !$pid{$_} } map { $g->workers($_) } qw(auth event);
cmp_ok($new, '>', 0, "library: $failed{library} tries, $new new workers");

# Holds are settled when they are 30 s old; then the books agree.
sleep 31;
my ($out, $status) = $g->guerdon('sweep');
is($status, 0, 'sweep') or diag $out;
my @off;
for my $made (@limited) {
	my $id = $made->{rewards}[0]{rewardId};
	my ($stock) = $db->find('stock', [_id => $id]);
	my $count = $db->count('claims', [eventId => $made->{eventId},
	    state => 'GRANTED']);
	push @off, "$made->{eventId}: $count claims, left $stock->{left}"
	    if $count != 1 || $stock->{left} != 2 || %{$stock->{held}};
}
is(join("\n", @off), '', scalar(@limited) . ' events have granted one each, ' .
    'and their stock says so');

$g->stop;
my @log = map { Guerdon::Stack::slurp("$g->{home}/log/fcgi-$_.log") }
    qw(gw auth event);
is(join("\n", map { /((?:ERROR: (?:Address|Leak)Sanitizer|runtime error).*)/g }
    @log), '', 'no leak, no error of memory');
note("$total tries");
done_testing;
