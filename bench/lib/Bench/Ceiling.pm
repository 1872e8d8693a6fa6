# SPDX-License-Identifier: BSD-2-Clause
package Bench::Ceiling;

# The ceilings: lighttpd with the tree's own lighttpd.conf, in front of workers
# that answer constants.  The constants are answers of the stack that is
# measured, so the same bytes move.
#
#	public port	ceiling_gateway, with two inner calls
#	auth's port	ceiling_constant: one hop
#
# The pools have as many workers as those of the stack.

use strict;
use warnings;
use File::Path qw(remove_tree);
use POSIX ();
use Time::HiRes qw(sleep time);
use Bench qw(slurp);
use Guerdon::Http qw(http);
use Guerdon::Stack;

sub new {
	my ($class, $bench) = @_;
	my $self = bless {owner => $$, bench => $bench, pids => []}, $class;

	$self->{home} = Guerdon::Stack::short_dir();
	$self->{port} = Guerdon::Stack::take_ports($self);
	mkdir "$self->{home}/$_" or die "mkdir: $!\n"
	    for qw(run log swagger lighttpd.d);
	$self->make_answers;
	$self->start_pools;
	$self->start_lighttpd;
	return $self;
}

# What the stack answers, as a worker would hand it to lighttpd.
sub make_answers {
	my ($self) = @_;
	my $bench = $self->{bench};
	my $g = $bench->g;
	my $person = ($bench->regulars)[0];
	my %calls = (
	    introspect => $g->call(POST => '/introspect', on => 'auth',
		basic => 1, body => "token=$person->{token}",
		type => 'application/x-www-form-urlencoded'),
	    list => $g->call(GET => '/v1/events', as => $person),
	    event => $g->call(GET => "/v1/events/$bench->{events}[0]",
		as => $person));

	while (my ($name, $res) = each %calls) {
		die "$name: " . $res->brief . "\n" if $res->status != 200;
		open my $fh, '>', "$self->{home}/$name" or die "$name: $!\n";
		print $fh "Status: 200\r\n";
		for (@{$res->{headers}}) {
			print $fh "$_->[0]: $_->[1]\r\n" if $_->[0] !~
			    /^(?:date|server|connection|content-length)$/i;
		}
		print $fh "\r\n", $res->body;
		close $fh or die "$name: $!\n";
	}
}

# Start a process in the ceilings' folder.
sub spawn {
	my ($self, $log, @command) = @_;
	my $pid = fork // die "fork: $!\n";

	if ($pid == 0) {
		chdir "$self->{home}/run" or POSIX::_exit(1);
		POSIX::setsid();
		open STDIN, '<', '/dev/null';
		open STDOUT, '>>', "$self->{home}/log/$log";
		open STDERR, '>&', \*STDOUT;
		exec @command or POSIX::_exit(1);
	}
	push @{$self->{pids}}, $pid;
	return $pid;
}

sub start_pool {
	my ($self, $name, $workers, @command) = @_;
	my ($multiwatch) = grep { -x } map { "$_/multiwatch" }
	    split /:/, $ENV{PATH};

	$self->spawn("$name.log", 'spawn-fcgi', '-n', '-s',
	    "$self->{home}/run/fcgi-$name.sock", '-M', '0660', '-b', '4096',
	    '--', $multiwatch, '-s', 'TERM', '-f', $workers, '--', @command);
}

sub start_pools {
	my ($self) = @_;
	my $home = $self->{home};
	my $workers = $self->{bench}->g->{workers};
	my @constants = (Bench::program('ceiling_constant'),
	    'POST /introspect', "$home/introspect",
	    'GET /v1/events/', "$home/event", 'GET /v1/events', "$home/list");

	$self->start_pool('auth', $workers + 2, @constants);
	$self->start_pool('event', $workers + 2, @constants);
	$self->start_pool('gw', $workers, Bench::program('ceiling_gateway'),
	    map { "$home/run/fcgi-$_.sock" } qw(auth event));
}

sub start_lighttpd {
	my ($self) = @_;
	my $end = time + 10;

	local %ENV = (%ENV, PATH => "$ENV{PATH}:/usr/sbin",
	    GUERDON_HOME => $self->{home}, GUERDON_BIND => '127.0.0.1',
	    GUERDON_SWAGGER => "$self->{home}/swagger",
	    map { ("GUERDON_\U$_\E_PORT" => $self->{port}{$_}) }
	    qw(http auth event ops));
	$self->spawn('lighttpd.out', 'lighttpd', '-D', '-f',
	    Guerdon::Stack::top() . '/lighttpd.conf');
	while (http(port => $self->{port}{http}, path => '/v1/events',
	    headers => ['Authorization', 'Bearer x'])->status != 200) {
		die "the ceilings do not start: see $self->{home}/log\n"
		    if time > $end;
		sleep 0.02;
	}
}

# The same load as on the stack, on the ceiling behind that port.
sub load {
	my ($self, $name, %o) = @_;
	my $bench = $self->{bench};
	my $op = $Bench::operations{$name};
	my $run = $bench->wrk(name => $name, again => 1, %o,
	    file => $bench->requests_file($name, 1),
	    port => $self->{port}{$op->{port}});

	die "the ceiling of $name refused something\n"
	    if $run->{refused} || $run->{broken};
	$bench->check_samples($name, sub { 1 }, @{$run->{samples}});
	return $run;
}

sub DESTROY {
	my ($self) = @_;

	return if $self->{owner} != $$;
	local ($?, $@, $!);
	kill TERM => @{$self->{pids}};
	my $end = time + 5;
	while (@{$self->{pids}} && time < $end) {
		@{$self->{pids}} = grep { waitpid($_, POSIX::WNOHANG()) == 0 }
		    @{$self->{pids}};
		sleep 0.02;
	}
	kill KILL => @{$self->{pids}};
	waitpid $_, 0 for @{$self->{pids}};
	remove_tree($self->{home}, {safe => 1});
}

1;
