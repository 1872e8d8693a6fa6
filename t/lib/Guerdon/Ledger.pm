# SPDX-License-Identifier: BSD-2-Clause
package Guerdon::Ledger;

# Many users claim an event of limited stock, while workers and the database
# are killed; afterwards all books must agree.
#
#	my $ledger = Guerdon::Ledger->new($g, $event, users => 2000,
#	    again => 3);	each claims so often, at once
#	$ledger->run(at => 32, databases => 5, body => sub { ... });
#	$ledger->settle;
#	$ledger->check;
#
# What a request became is kept by user.  A claim without a definite answer is
# repeated until there is one.

use strict;
use warnings;
use Test::More;
use Guerdon::Http qw(http_drive);
use Guerdon::Killer;
use Guerdon::Mongo;

sub new {
	my ($class, $g, $event, %o) = @_;
	my @users = $g->new_people($o{users});

	return bless {g => $g, event => $event, users => \@users,
	    queue => [map { ($_) x ($o{again} // 1) } 0 .. $#users],
	    answers => [], settled => {}, unknown => 0, claims => []}, $class;
}

# Is it known what became of an attempt?
sub definite { return $_[0]->status == 201 || $_[0]->status == 409 }

sub done {
	my ($self, $req, $res) = @_;

	return $req->{other}->($res) if $req->{other};
	if (!definite($res)) {
		$self->{unknown}++;
		$self->{odd}{$res->brief}++
		    if $res->status && $res->status < 500;
		push @{$self->{queue}}, $req->{number};
		return;
	}
	push @{$self->{answers}}, $res;
	my $id = $res->status == 201 || $res->code eq 'ALREADY_CLAIMED' ?
	    $res->get('claimId') : undef;
	$self->{settled}{$req->{number}} = $id;
	push @{$self->{claims}}, $id if defined $id;
}

# Drive all users through; ${body}(user) gives what a claim says, ${other}()
# now and then another request with a sub of its own for the answer.
sub run {
	my ($self, %o) = @_;
	my $g = $self->{g};
	my $killer = Guerdon::Killer->new($g, databases => $o{databases},
	    pools => [qw(event gw auth event)]);
	my $count = 0;

	http_drive(at => $o{at}, until => 110, next => sub {
		if ($o{other} && ++$count % 4 == 0) {
			my $req = $o{other}->();
			return $req if $req;
		}
		my $number = shift @{$self->{queue}} // return;
		return {%{$g->request(POST =>
		    "/v1/events/$self->{event}{eventId}/claims",
		    as => $self->{users}[$number], $o{body} ?
		    (json => $o{body}->($number)) : ())}, number => $number};
	    }, done => sub { $self->done(@_) },
	    tick => sub { keys %{$self->{settled}} == @{$self->{users}} });
	ok($killer->stop, 'workers and the database were killed meanwhile');
	is(scalar(keys %{$self->{settled}}), scalar @{$self->{users}},
	    'each user has a definite answer');
	is_deeply($self->{odd} // {}, {}, 'no odd answer');
	ok($g->wait_for(sub { $g->ready && $g->whole }, 20),
	    'the stack is whole again');
}

# Sweep until no hold remains; those of the last moment are 30 s old by then.
sub settle {
	my ($self) = @_;
	my $g = $self->{g};
	my $m = Guerdon::Mongo->new($g);
	my $limit = [held => ['$ne' => []]];
	my ($out, $status);

	diag(sprintf '%d users, %d attempts without a definite answer, ' .
	    '%d holds left behind', scalar @{$self->{users}},
	    $self->{unknown}, $m->count('stock', $limit));
	ok($g->wait_for(sub {
		($out, $status) = $g->guerdon('sweep');
		return $status == 0 && $m->count('stock', $limit) == 0;
	    }, 45), 'after a sweep no hold remains') or diag($out);
}

# All books must agree.
sub check {
	my ($self) = @_;
	my $g = $self->{g};
	my $m = Guerdon::Mongo->new($g);
	my @stored = grep { $_->{state} ne 'VOID' } $m->find('claims',
	    [eventId => $self->{event}{eventId}]);
	my (%by_user, %by_id);

	$by_user{$_->{userId}}++ for @stored;
	$by_id{$_->{_id}} = $_ for @stored;
	is(scalar(grep { $_ > 1 } values %by_user), 0,
	    'no user has two claims');
	is(scalar(grep { !$by_id{$_} } @{$self->{claims}}), 0,
	    'each claim that was answered is stored');
	for my $number (keys %{$self->{settled}}) {
		next if defined $self->{settled}{$number};
		next if !$by_user{$self->{users}[$number]{userId}};
		fail('who was refused has none');
	}
	$self->check_limits($m, \@stored);
	$self->check_audit;
}

sub check_limits {
	my ($self, $m, $stored) = @_;

	for my $limit ($m->find('stock', [eventId =>
	    $self->{event}{eventId}])) {
		my $taken = grep { $_->{state} =~ /^(?:GRANTED|PENDING)$/ &&
		    grep { $_ eq $limit->{_id} } @{$_->{took} // []} } @$stored;
		is($limit->{left} + $taken, $limit->{total},
		    "left + taken = total: $limit->{left} + $taken");
		cmp_ok($limit->{left}, '>=', 0, '... and not too many');
		ok(!exists $limit->{changedAt}, '... which the event shows');
	}
	my ($event) = $m->find('events', [_id => $self->{event}{eventId}]);
	for my $reward (@{$event->{rewards}}) {
		my ($limit) = $m->find('stock', [_id => $reward->{rewardId}]);
		is($reward->{stock}, $limit->{total}, 'both have one total');
	}
}

sub check_audit {
	my ($self) = @_;
	my $g = $self->{g};
	my (%have, @lacking);

	ok($g->wait_for(sub {
		%have = map { $_->{traceId} => $_->{result} }
		    $g->list("/v1/audit?eventId=$self->{event}{eventId}" .
		    '&limit=100', as => 'AUDITOR');
		@lacking = grep { my $r = $have{$_->trace};
		    !$r || $r->{status} != $_->status } @{$self->{answers}};
		return !@lacking;
	    }, 20), 'the audit has each attempt that was answered') or
	    diag(join "\n", map { $_->brief . ' ' . $_->trace } @lacking);
}

1;
