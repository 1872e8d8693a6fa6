#!/usr/bin/env perl
# SPDX-License-Identifier: BSD-2-Clause
# guerdon doctor: what is in force in a running stack, and what it says of each
# thing that is spoilt.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use Test::More;
use Guerdon::Mongo;
use Guerdon::Stack;

plan skip_all => 'sanitizers take the sandbox away'
    if Guerdon::Stack::build() =~ /asan|valgrind/;
my $g = Guerdon::Stack->new(limits => 'on');
my $m = Guerdon::Mongo->new($g);
my $home = $g->{home};

sub doctor { my ($out, $status) = $g->guerdon('doctor', @_);
    return ($status, $out) }

# The findings, as {what => [state, seen, remedy]}.
sub findings {
	my ($status, $out) = doctor('--json');
	my $found = $Guerdon::Stack::json->decode($out);

	is($status, $found->{failures} ? 1 : 0, '... its exit status');
	is($found->{failures}, scalar(grep { $_->{state} eq 'FAILED' }
	    @{$found->{findings}}), '... and its count');
	return map { $_->{what} => $_ } @{$found->{findings}};
}

# Workers that only just start have given up nothing yet.
$g->wait_for(sub { (doctor())[0] == 0 }, 10);
my ($status, $out) = doctor();
is($status, 0, 'nothing is wrong with a stack') or diag($out);
unlike($out, qr/^FAILED/m, '... says each line');
like($out, qr/^0 failed, \d+ warnings$/m, '... and the last one');
my %all = findings();
for my $kind (qw(gw auth event)) {
	for my $what ('no new privileges', 'filter of system calls', 'umask',
	    'core files', 'open files', 'memory') {
		is($all{"fcgi-$kind, $what"}{state}, 'ok',
		    "$kind: $what");
	}
	my $landlock = $all{"fcgi-$kind, Landlock"};
	is($landlock->{state}, syscall(444, 0, 0, 1) > 0 ? 'ok' : 'warning',
	    "$kind: Landlock");
	like($all{"fcgi-$kind"}{seen}, qr/, ${\$g->size($kind)} processes$/,
	    "$kind: the workers are counted");
	like($all{$g->socket_path($kind)}{seen}, qr/^mode 0660 of /,
	    "$kind: the socket");
}
for my $what ("$home/keys", "$home/keys/node.key", "$home/keys/auth",
    "$home/keys/auth/refresh.key", $g->conf_path, "$home/demo.env",
    'rate limits', 'database', 'indexes', 'clock', 'time zones',
    'way to the database') {
	is($all{$what}{state}, 'ok', $what) or diag(explain $all{$what});
}
like($all{'time zones'}{seen}, qr/20\d\d/, '... of which year');

# Each thing that is spoilt, and what is said.
sub spoilt {
	my ($what, $spoil, $state, $remedy, $mend) = @_;

	$spoil->();
	my %now = findings();
	is($now{$what}{state}, $state, "$what: $state") or
	    diag(explain $now{$what});
	like($now{$what}{remedy} // '', $remedy, '... with what to do');
	$mend->();
}
sub mode {
	my ($path, $mode, $remedy) = @_;
	my $old = (stat $path)[2] & 07777;

	spoilt($path, sub { chmod $mode, $path }, 'FAILED', $remedy,
	    sub { chmod $old, $path });
}
mode("$home/keys/node.key", 0644, qr/chmod 0600/);
mode("$home/keys/auth/factor.key", 0640, qr/chmod 0600/);
mode("$home/keys", 0755, qr/chmod 0700/);
mode("$home/keys/auth/token", 0711, qr/chmod 0700/);
mode("$home/demo.env", 0604, qr/chmod 0600/);
mode($g->conf_path, 0666, qr/chmod 0600/);
mode($home, 0777, qr/chmod o-w/);
mode($g->socket_path('auth'), 0666, qr/0660/);
spoilt("$home/keys/cursor.key", sub { rename "$home/keys/cursor.key",
    "$home/cursor" }, 'FAILED', qr/^$/, sub { rename "$home/cursor",
    "$home/keys/cursor.key" });
spoilt('index', sub { $m->command(dropIndexes => 'activities',
    index => 'userId_1__id_-1') }, 'FAILED', qr/guerdon init/,
    sub { $g->guerdon('init') });
spoilt('fcgi-event', sub { $g->stop_pool('event') }, 'FAILED',
    qr/start the pool/, sub { $g->start_pool('event') });
ok($g->wait_for(sub { (doctor())[0] == 0 }, 10), 'all is well again') or
    diag((doctor())[1]);

# The configuration alone.
sub other_conf {
	my ($what, $state, $seen, %line) = @_;
	my $text = Guerdon::Stack::slurp($g->conf_path);
	for my $key (keys %line) {
		$text =~ s/^\Q$key\E\s*=.*\n//m;
		$text .= "$key = $line{$key}\n";
	}
	open my $fh, '>', "$home/other.conf" or die $!;
	print $fh $text;
	close $fh or die $!;
	chmod 0600, "$home/other.conf";
	my ($out) = $g->run(Guerdon::Stack::build() . '/bin/guerdon', '-c',
	    "$home/other.conf", 'doctor');
	like($out, qr/^\Q$state\E +\Q$what\E: $seen/m, "$what: $state") or
	    diag($out);
}
other_conf('rate limits', 'warning', qr/off/, limits => 'off');
other_conf('database', 'FAILED', qr/.*away/,
    mongo_uri => 'mongodb://127.0.0.1:1/');
other_conf('way to the database', 'warning', qr/not encrypted/,
    mongo_uri => 'mongodb://192.0.2.1:1/?serverSelectionTimeoutMS=50');
other_conf('way to the database', 'ok', qr/TLS/, mongo_uri =>
    'mongodb://127.0.0.1:1/?tls=true&serverSelectionTimeoutMS=50');
other_conf('127.0.0.1:9', 'warning', qr/TCP/, auth_socket => '127.0.0.1:9');
other_conf('fcgi-gw', 'FAILED', qr/no worker/, limits => 'on');

done_testing;
