#!/usr/bin/env perl
# SPDX-License-Identifier: BSD-2-Clause
# Who may do what, from the contracts: every operation x no token, an expired
# and a forged one, each role, the service x one's own, somebody else's, an
# absent object and an id that is none.  An operation that has no row here
# fails the test.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use Digest::SHA qw(hmac_sha1);
use Test::More;
use Guerdon::Assert;
use Guerdon::Contract;
use Guerdon::Stack;

my $g = Guerdon::Stack->new;
my @roles = qw(USER OPERATOR AUDITOR ADMIN);
my %token = map { $_ => $g->token($_) } @roles;
my $now = time;

# They differ from a good token in one thing only, which is shown first.
is_status($g->call(GET => '/v1/users/me', as => $g->forge($token{ADMIN})),
    200, 'a token signed here as auth signs is good');
$token{expired} = $g->forge($token{ADMIN},
    claims => {iat => $now - 1000, exp => $now - 100});
$token{forged} = $g->forge($token{ADMIN}, key => 'k' x 32);

# What each caller owns, and what somebody else does.
my %other = map { $_ => $g->new_user($_) } qw(USER OPERATOR);
my $theirs = $g->new_event(as => $other{OPERATOR});
my %mine = map { $_ => $g->new_event(as => $_) } qw(OPERATOR ADMIN);
my %claim = map { $_ => $g->claim($theirs, $_)->get('claimId') } qw(USER ADMIN);
my $foreign_claim = $g->claim($theirs, $other{USER})->get('claimId');
my $serial = 0;

sub person_of { return $token{$_[0]} && $g->{staff}{$_[0]} }
sub absent { return "$_[0]_00000000000000000000000000" }

sub user_of {
	my ($caller, $kind) = @_;

	return $kind eq 'absent' ? absent('us') : $kind eq 'foreign' ?
	    $other{USER}{userId} : (person_of($caller) // return)->{userId};
}

# Facts are about ids: the event worker doesn't know who there is.
sub some_user {
	my ($caller, $kind) = @_;

	return $kind eq 'absent' ? undef : user_of($caller, $kind);
}

# A user who may go.
sub mortal {
	my ($caller, $kind) = @_;

	return $kind eq 'absent' ? absent('us') : $g->new_user->{userId};
}

# A second factor: its code now, begun, and confirmed.
my ($secret, $recovery) = ('A' x 32, '0' x 16);

sub code {
	my $key = pack 'B*', join '', map { sprintf '%05b', index
	    'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567', $_ } split //, $secret;
	my $mac = hmac_sha1(pack('Q>', int(time / 30)), $key);

	return sprintf '%06d', (unpack('N', substr $mac,
	    ord(substr $mac, -1) & 15, 4) & 0x7fffffff) % 1_000_000;
}

sub begun {
	my ($user) = @_;

	$secret = $g->call(POST => '/v1/users/me/factor', as => $user, json =>
	    {password => $user->{password}})->get('secret') // $secret;
	return $user;
}

# One that was staff may have one, too.
sub confirmed {
	my ($user) = @_;
	my $role = $user->{role};
	my $set = sub { $g->call(PATCH => "/v1/users/$user->{userId}",
	    as => 'ADMIN', json => {role => $_[0]}) };

	$set->('AUDITOR') if $role eq 'USER';
	$recovery = $g->call(POST => '/v1/users/me/factor/confirmation',
	    as => begun($user), json => {code => code()})
	    ->get('recoveryCodes')->[0];
	$set->('USER') if $role eq 'USER';
	return $user;
}

# A session that may end.
sub session_of {
	my ($caller, $kind) = @_;

	return $kind eq 'absent' ? absent('se') : (split /\./, $g->log_in({%{
	    $kind eq 'foreign' ? $other{USER} : person_of($caller) // return
	    }})->{refresh})[0];
}

sub event_of {
	my ($caller, $kind) = @_;

	return $kind eq 'absent' ? absent('ev') : $kind eq 'foreign' ?
	    $theirs->{eventId} : ($mine{$caller} // return)->{eventId};
}

sub reward_of {
	my ($caller, $kind) = @_;
	my $event = $kind eq 'foreign' ? $theirs : $mine{$caller};

	return $kind eq 'absent' ? absent('rw') :
	    ($event // return)->{rewards}[0]{rewardId};
}

sub claim_of {
	my ($caller, $kind) = @_;

	return $kind eq 'absent' ? absent('cl') : $kind eq 'foreign' ?
	    $foreign_claim : $claim{$caller};
}

# An event that the caller has not claimed: its own or somebody else's.
sub claimable {
	my ($caller, $kind) = @_;

	return $kind eq 'absent' ? absent('ev') : $g->new_event(as =>
	    $kind eq 'foreign' ? $other{OPERATOR} : 'ADMIN')->{eventId};
}

sub person_new {
	return {email => 'm' . ++$serial . '@example.org', name => 'M',
	    password => 'correct horse battery', @_};
}

# A claim that can be decided: of somebody who has approved nothing.
my $decidable = $g->new_event(rewards => [{type => 'ITEM', name => 'D',
    quantity => 1, requiresApproval => JSON::PP::true}]);

sub pending_of {
	my ($caller, $kind) = @_;

	return $kind eq 'absent' ? absent('cl') : $kind eq 'own' ? undef :
	    $g->claim($decidable, $g->new_user)->get('claimId');
}

sub granted_of {
	my ($caller, $kind) = @_;

	return $kind eq 'absent' ? absent('cl') : $kind eq 'own' ? undef :
	    $g->claim($theirs, $g->new_user)->get('claimId');
}

my @reason = (json => {reason => 'because'});
my %period = (startsAt => '2020-01-01T00:00:00Z',
    endsAt => '2090-01-01T00:00:00Z');
my %reward = (type => 'ITEM', name => 'R', quantity => 1);
my @match = (headers => ['If-Match', '*']);

# operationId => {object: the id in the path for a caller and a kind of
# object; send: what else makes the request valid}
my %rows = (
    user_create => {send => sub { (json => person_new()) }},
    user_list => {},
    user_me => {},
    user_get => {object => \&user_of},
    user_patch => {object => \&user_of,
	send => sub { (json => {status => 'ACTIVE'}) }},
    staff_create => {send => sub { (json => person_new(role => 'AUDITOR')) }},
    session_login => {send => sub { (json => {map { $_ => $other{USER}{$_} }
	qw(email password)}) }},
    session_refresh => {send => sub { (json => {refreshToken =>
	$g->log_in({%{$other{USER}}})->{refresh}}) }},
    user_delete => {object => \&mortal},
    account_password => {fresh => 1, send => sub { (json => {currentPassword =>
	'correct horse battery', newPassword => 'staple stable table'}) }},
    account_delete => {fresh => 1,
	send => sub { (json => {password => 'correct horse battery'}) }},
    account_export => {},
    factor_get => {},
    factor_begin => {fresh => 1,
	send => sub { (json => {password => 'correct horse battery'}) }},
    factor_confirm => {fresh => \&begun,
	send => sub { (json => {code => code()}) }},
    factor_remove => {fresh => \&confirmed, send => sub { (json => {
	password => 'correct horse battery', code => $recovery}) }},
    factor_reset => {object => \&mortal},
    session_logout => {once => 1},
    session_mine => {},
    session_mine_end => {private => 1, object => \&session_of},
    session_mine_end_all => {fresh => 1},
    session_list => {object => \&user_of},
    session_revoke => {object => sub {
	my $id = session_of(@_);
	return defined $id && [$_[1] eq 'own' ? person_of($_[0])->{userId} :
	    $other{USER}{userId}, $id];
    }},
    session_revoke_all => {object => \&mortal},
    token_introspect => {send => sub { (body => "token=$token{USER}",
	type => 'application/x-www-form-urlencoded') }},
    user_internal_get => {object => \&user_of},
    health_get => {},
    event_create => {send => sub { (json => {title => 'T', %period}) }},
    event_list => {},
    event_get => {object => \&event_of},
    event_patch => {object => \&event_of,
	send => sub { (json => {title => 'T2'}, @match) }},
    reward_create => {object => \&event_of, send => sub { (json => \%reward) }},
    reward_list => {},
    reward_get => {object => \&reward_of},
    reward_patch => {object => \&reward_of,
	send => sub { (json => {quantity => 2}, @match) }},
    claim_create => {object => \&claimable},
    claim_list => {},
    claim_get => {object => \&claim_of},
    claim_mine => {},
    claim_eligibility => {object => \&claimable},
    activity_create => {send => sub { (json => {activities => [{activityId =>
	'm' . ++$serial, userId => $other{USER}{userId}, metric => 'm'}]}) }},
    attributes_set => {object => \&some_user,
	send => sub { (json => {attributes => {level => 1}}) }},
    progress_get => {object => \&some_user},
    claim_approve => {object => \&pending_of, send => sub { (json => {}) }},
    claim_reject => {object => \&pending_of, send => sub { @reason }},
    claim_revoke => {object => \&granted_of, send => sub { @reason }},
    audit_list => {},
    audit_mine => {},
);

# What the contract says of a cell: the status, and the code of a refusal.
sub expected {
	my ($op, $caller, $kind, $inside) = @_;
	my %may = map { $_ => 1 } @{$op->{roles}};
	my ($good) = grep { /^2/ } keys %{$op->{node}{responses}};

	return $good if $may{PUBLIC};
	return '401 UNAUTHENTICATED' if $caller eq 'none';
	return $inside ? '401 INVALID_TOKEN' : '401 UNAUTHENTICATED'
	    if $caller eq 'wrong scheme';
	return '401 INVALID_TOKEN' if $caller =~ /^(?:expired|forged)$/;
	return '403 NO_SUBJECT' if $caller eq 'SERVICE' && $op->{subject};
	return '403 INSUFFICIENT_ROLE' if !$may{$caller};
	return '404 NOT_FOUND' if $kind eq 'absent' || $kind eq 'malformed';
	return '404 NOT_FOUND' if $op->{own} && $kind eq 'foreign' &&
	    ($caller eq 'USER' || $rows{$op->{id}}{private});
	return $good;
}

# How a caller shows who it is.
sub shown {
	my ($op, $caller, $inside) = @_;

	return () if $caller eq 'none';
	return $inside ? (as => 'ADMIN') : (basic => 1)
	    if $caller eq 'wrong scheme';
	return (basic => 1) if $caller eq 'SERVICE';
	# What ends a session is given one of its own.
	return (as => $g->log_in({%{$g->{staff}{$caller}}}))
	    if $rows{$op->{id}}{once} && $g->{staff}{$caller};
	# What changes an account is done to a new one.
	my $fresh = $rows{$op->{id}}{fresh};
	return (as => ref $fresh ? $fresh->($g->new_user($caller)) :
	    $g->new_user($caller)) if $fresh && $g->{staff}{$caller};
	return (as => $token{$caller});
}

# The cells of one operation for one caller.
sub cells {
	my ($op, $caller, $inside) = @_;
	my $row = $rows{$op->{id}};
	my @kinds = $row->{object} ? qw(own foreign absent malformed) : ('');
	my ($count, @wrong) = (0);

	for my $kind (@kinds) {
		my $id = $kind eq 'malformed' ? 'nonsense' : $row->{object} ?
		    $row->{object}->($caller, $kind) : '';
		next if !$id && $row->{object};	# such a caller owns nothing
		my @ids = ref $id ? @$id : ($id) x 2;
		my $res = $g->call($op->{method},
		    $op->{path} =~ s/\{\w+\}/shift @ids/ger,
		    on => $inside ? $op->{service} : 'http',
		    shown($op, $caller, $inside),
		    $row->{send} ? $row->{send}->() : ());
		my $want = expected($op, $caller, $kind, $inside);
		push @wrong, "$caller $kind: " . $res->brief . ", not $want"
		    if $res->brief ne $want;
		$count++;
	}
	return ($count, @wrong);
}

my $total = 0;
for my $op (operations()) {
	my @wrong;
	if (!$rows{$op->{id}}) {
		fail("$op->{id} has a row in this test");
		next;
	}
	for my $caller ($op->{public} ? ('none', 'expired', 'forged',
	    'wrong scheme', @roles) : ()) {
		my ($count, @more) = cells($op, $caller, 0);
		$total += $count;
		push @wrong, @more;
	}
	for my $caller ('none', 'wrong scheme', 'SERVICE') {
		my ($count, @more) = cells($op, $caller, 1);
		$total += $count;
		push @wrong, map { "inside: $_" } @more;
	}
	is(join("\n", @wrong), '', "$op->{service}: $op->{id}");
}
cmp_ok($total, '>', 350, "$total cells");

# The whole of one cell of each kind.
is_problem($g->call(GET => '/v1/users', as => $token{expired}), 401,
    'INVALID_TOKEN', 'an expired token');
is_problem($g->call(GET => '/v1/users', as => $token{forged}), 401,
    'INVALID_TOKEN', 'a forged token');
is_problem($g->call(GET => "/v1/claims/$foreign_claim", as => 'USER'), 404,
    'NOT_FOUND', "somebody else's claim");

done_testing;
