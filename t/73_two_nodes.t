#!/usr/bin/env perl
# SPDX-License-Identifier: BSD-2-Clause
# Two nodes on one database, both under load: what changes on one shows on the
# other within 250 ms; also when the writer is killed on the way, and when the
# database is too slow to be asked.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use POSIX ();
use Test::More;
use Time::HiRes qw(sleep time);
use Guerdon::Assert;
use Guerdon::Http qw(http http_all);
use Guerdon::Stack;

use constant LIMIT => 0.250;

my $near = Guerdon::Stack->new(devdb => 1);
my $far = Guerdon::Stack->new(db => $near->{db}, uri => $near->{uri},
    conf => {keys => "$near->{home}/keys"});

my @loads;

# A child that asks the far node for events all the time: its caches are warm.
sub load {
	my ($user) = @_;
	my $pid = fork // die "fork: $!";

	if ($pid == 0) {
		my $end = time + 60;
		while (time < $end) {
			http_all(map { $far->request(GET => '/v1/events',
			    as => $user) } 1 .. 4);
		}
		POSIX::_exit(0);
	}
	push @loads, $pid;
}

END {
	my $status = $?;
	kill 'KILL', @loads;
	waitpid $_, 0 for @loads;
	$? = $status;
}

# Ask the far node until the answer is the new one.  Everything that is asked
# more than 250 ms after the change must get the new one.
sub shows {
	my ($name, $changed, $ask, $is_new) = @_;
	my ($seen, $late) = (undef, 0);

	while (time < $changed + 0.6) {
		my $asked = time;
		my $new = $is_new->($ask->());
		$seen //= time - $changed if $new;
		$late++ if !$new && $asked > $changed + LIMIT;
	}
	ok(defined $seen && !$late, sprintf '%s (after %d ms)', $name,
	    1000 * ($seen // -1));
}

my $busy = $near->new_user;
load($busy) for 1 .. 2;

my $event = $near->new_event(title => 'First');
my $path = "/v1/events/$event->{eventId}";

for my $round (1 .. 5) {
	my $user = $near->new_user;
	my $me = sub { $far->call(GET => '/v1/users/me', as => $user) };
	is_status($me->(), 200, "round $round: a token is good on both nodes");
	is_status($near->call(POST => '/v1/auth/logout', as => $user), 204,
	    '... logout on the one');
	shows('... ends it on the other', time, $me,
	    sub { $_[0]->status == 401 });

	my $staff = $near->new_user('OPERATOR');
	my $drafts = sub { $far->call(GET => '/v1/claims', as => $staff) };
	is_status($drafts->(), 200, '... an operator may');
	$near->call(PATCH => "/v1/users/$staff->{userId}", as => 'ADMIN',
	    json => {role => 'USER'});
	shows('... a lowered role', time, $drafts,
	    sub { $_[0]->status == 403 });

	my $one = sub { $far->call(GET => $path, as => $busy) };
	my $tag = $one->()->header('etag');
	$near->call(PATCH => $path, as => 'OPERATOR',
	    headers => ['If-Match', $tag], json => {title => "Title $round"});
	shows('... a new title', time, $one,
	    sub { $_[0]->json->{title} eq "Title $round" });

	my $list = sub { $far->call(GET => '/v1/events?limit=3',
	    as => $busy) };
	$list->();
	my $new = $near->new_event(title => "Event $round");
	shows('... a published event', time, $list, sub {
		grep { $_->{eventId} eq $new->{eventId} }
		    @{$_[0]->json->{items}} });

	$near->call(PATCH => "/v1/events/$new->{eventId}", as => 'OPERATOR',
	    headers => ['If-Match', '"1"'], json => {status => 'PAUSED'});
	shows('... a paused event', time, $list, sub {
		!grep { $_->{eventId} eq $new->{eventId} }
		    @{$_[0]->json->{items}} });
}

# Killed between mark, write and clear: nobody may go on with the old title.
# A list that was never asked for before is read from the database.
my $unique = 0;
sub truth {
	my $limit = 100 - ++$unique % 50;
	my $res = $near->call(GET => "/v1/events?limit=$limit&status=ACTIVE",
	    as => 'ADMIN');
	return (grep { $_->{eventId} eq $event->{eventId} }
	    @{$res->json->{items}})[0]{title};
}

my $wrong = 0;
for my $round (1 .. 25) {
	my $tag = $near->call(GET => $path, as => 'ADMIN')->header('etag');
	my $pid = fork // die "fork: $!";
	if ($pid == 0) {
		$near->call(PATCH => $path, as => 'OPERATOR',
		    headers => ['If-Match', $tag],
		    json => {title => "Killed $round"});
		POSIX::_exit(0);
	}
	sleep rand 0.008;
	kill 'KILL', $near->workers('event');
	waitpid $pid, 0;
	sleep LIMIT + 0.05;
	my $truth = truth();
	$wrong++ for grep { $_ ne $truth } map { $_->call(GET => $path,
	    as => 'ADMIN')->json->{title} } $near, $far;
}
is($wrong, 0, 'after 25 killed writers both nodes say what is stored');

# A database that hangs: an old answer is worse than none.
kill 'KILL', @loads;
my $db = Guerdon::Stack::slurp("$near->{devdb}/run/devdb.pid") + 0;
is_status($far->call(GET => $path, as => $busy), 200, 'a warm cache');
my $stopped = time;
kill 'STOP', $db;
my ($old, $asked) = (0, 0);
while (time < $stopped + 3) {
	my $start = time;
	my $res = $far->call(GET => $path, as => $busy);
	$old++ if $res->status == 200 && $start > $stopped + LIMIT;
	$asked++ if $start > $stopped + LIMIT;
	is_status($res, 503, '... then 503') if $start > $stopped + LIMIT &&
	    $asked == 1;
	ok(time - $start < 2.2, '... within 2 s') if $asked == 1;
}
kill 'CONT', $db;
is($old, 0, "... and never an old answer ($asked asked)");
ok($near->wait_for(sub { $far->call(GET => $path, as => $busy)->status ==
    200 }, 6), '... and it is back within 6 s');

done_testing;
