#!/usr/bin/env perl
# SPDX-License-Identifier: BSD-2-Clause
# An answer of introspection without a verdict is an outage: 503, neither 401
# nor a way in.  Between the gateway and auth a process passes all calls on,
# and answers in auth's place when it is told what.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use IO::Select;
use IO::Socket::UNIX;
use POSIX ();
use Test::More;
use Guerdon::Assert;
use Guerdon::Fcgi qw(fcgi_record);
use Guerdon::Stack;

use constant {STDIN_RECORD => 5, STDOUT_RECORD => 6, END_RECORD => 3};

my $g = Guerdon::Stack->new(start => 0,
    conf => {auth_socket => 'run/between.sock'});
my $file = "$g->{home}/answer";		# what is answered, if it is there

# The process between: calls in, answers out, byte by byte.
sub between {
	my ($listener) = @_;
	my $select = IO::Select->new($listener);
	my %peer;			# each connection's other side
	my %calls;			# bytes of calls, by the gateway's side

	while (my @ready = $select->can_read) {
		for my $fh (@ready) {
			if ($fh == $listener) {
				my $in = $listener->accept or next;
				my $out = IO::Socket::UNIX->new(
				    Peer => $g->socket_path('auth')) or next;
				@peer{$in, $out} = ($out, $in);
				$calls{$in} = '';
				$select->add($in, $out);
				next;
			}
			my $to = $peer{$fh} // next;
			if (!sysread $fh, my $bytes, 65536) {
				$select->remove($fh, $to);
				delete @peer{$fh, $to};
				close $_ for $fh, $to;
			} elsif (exists $calls{$fh}) {
				$calls{$fh} .= $bytes;
				answer($fh, $to, \$calls{$fh});
			} else {
				syswrite $to, $bytes;
			}
		}
	}
}

# Pass whole calls on, or answer them.
sub answer {
	my ($from, $to, $bytes) = @_;
	my $at = 0;

	while (length $$bytes >= $at + 8) {
		my ($type, $id, $len, $pad) =
		    (unpack 'CCnnCC', substr $$bytes, $at, 8)[1 .. 4];
		$at += 8 + $len + $pad;
		return if length $$bytes < $at;
		next if $type != STDIN_RECORD || $len > 0;
		my $call = substr $$bytes, 0, $at, '';
		$at = 0;
		my $text = $call =~ m{/introspect} && -e $file ?
		    Guerdon::Stack::slurp($file) : undef;
		syswrite defined $text ? $from : $to, defined $text ?
		    fcgi_record(STDOUT_RECORD, $id, $text) .
		    fcgi_record(STDOUT_RECORD, $id, '') .
		    fcgi_record(END_RECORD, $id, "\0" x 8) : $call;
	}
}

mkdir "$g->{home}/run";
my $listener = IO::Socket::UNIX->new(Local => "$g->{home}/run/between.sock",
    Listen => 64) or die "between.sock: $!";
my $pid = fork // die "fork: $!";
if ($pid == 0) {
	$SIG{PIPE} = 'IGNORE';
	$SIG{TERM} = 'DEFAULT';
	eval { between($listener) };
	print STDERR "# between: $@" if $@;
	POSIX::_exit(0);
}
close $listener;
END {
	my $status = $?;
	kill TERM => $pid if $pid;
	waitpid $pid, 0 if $pid;
	$? = $status;
}
$g->start;

# GET the list of users, with a token of which auth says this.
my $token = $g->token('USER');
sub ask_with {
	my ($text) = @_;

	if (defined $text) {
		open my $fh, '>', "$file.new" or die "$file: $!";
		print $fh $text;
		close $fh or die "$file: $!";
		rename "$file.new", $file or die "$file: $!";
	}
	my $res = $g->call(GET => '/v1/users/me', as => $token);
	unlink $file;
	return $res;
}

sub cgi {
	my ($status, $body) = @_;

	return "Status: $status\r\nContent-Type: application/json\r\n\r\n$body";
}

my %verdict = (active => JSON::PP::true, sub => $g->person('USER')->{userId},
    role => 'USER', sid => 'se_' . '0' x 26, exp => time + 900, iat => time - 1,
    jti => 'at_' . '0' x 26);
sub verdict {
	my (%o) = (%verdict, @_);

	delete @o{grep { !defined $o{$_} } keys %o};
	return $Guerdon::Stack::json->encode(\%o);
}

# That it is asked, and what it says counts.
is_status(ask_with(undef), 200, 'auth itself is asked');
is_status(ask_with(cgi(200, verdict())), 200, 'a verdict in its place');
is_problem(ask_with(cgi(200, '{"active":false}')), 401, 'INVALID_TOKEN',
    '... counts');
is_problem(ask_with(cgi(200, verdict(active => JSON::PP::false))), 401,
    'INVALID_TOKEN', '... whatever else it says');

my %none = (
    'nothing' => '', 'an empty object' => '{}', 'an array' => '[]',
    'true' => 'true', 'null' => 'null', 'no JSON' => 'active',
    'a page' => '<html>active: true</html>', 'half a verdict' =>
    substr(verdict(), 0, -1), 'a verdict and more' => verdict() . 'x',
    'two verdicts' => verdict() . verdict(),
    'a verdict in an array' => '[' . verdict() . ']',
    (map { ("active $_" => verdict() =~ s/"active":true/"active":$_/r) }
    'null', '1', '0', '"true"', '"false"', '""', '[true]', '{}'),
    'active in capitals' => verdict() =~ s/"active"/"ACTIVE"/r,
    'active twice' => verdict() =~ s/\{/{"active":false,/r,
    'no active' => verdict(active => undef),
    (map { ("no $_" => verdict($_ => undef)) } qw(sub role sid)),
    (map { ("$_ is a number" => verdict($_ => 7)) } qw(sub role sid)),
    (map { ("the role $_" => verdict(role => $_)) } 'SERVICE', 'PUBLIC',
    'admin', 'ROOT', ''),
    'invalid UTF-8' => verdict() =~ s/USER/US\xff/r,
    'a deep one' => '{"active":true,"x":' . '[' x 100 . ']' x 100 . '}',
);
my %odd = (
    (map { ("status $_" => cgi($_, verdict())) } 201, 204, 301, 400, 401, 403,
    404, 429, 500, 503),
    (map { ("status $_, inactive" => cgi($_, '{"active":false}')) } 401, 500),
    (map { ($_ => cgi(200, $none{$_})) } keys %none),
    'no head' => verdict(), 'a head without an end' => "Status: 200\r\n",
    'a status that is none' => cgi('x', verdict()),
    'nothing at all' => '',
);
for my $what (sort keys %odd) {
	my $res = ask_with($odd{$what});

	is_problem($res, 503, 'SERVICE_UNAVAILABLE', "$what: 503");
	ok(!defined $res->header('WWW-Authenticate'), '... no challenge');
}
is_status(ask_with(undef), 200, 'auth itself is asked again');
done_testing;
