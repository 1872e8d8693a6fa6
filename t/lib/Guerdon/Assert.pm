# SPDX-License-Identifier: BSD-2-Clause
package Guerdon::Assert;

# What tests say about answers.  is_status(), is_problem() and has_fault() are
# one test each.

use strict;
use warnings;
use Exporter qw(import);
use Test::More;

our @EXPORT = qw(is_status is_problem is_lost has_fault faults members);

my @always = qw(type title status detail instance code traceId);
my %header_of = (401 => 'WWW-Authenticate', 405 => 'Allow',
    429 => 'Retry-After', 503 => 'Retry-After');

# Say what an answer was when a test about it failed.
sub explain_answer {
	my ($res, @faults) = @_;

	local $Test::Builder::Level = $Test::Builder::Level + 1;
	diag("  $_") for @faults;
	diag(sprintf '  %s %s: %s', $res->request->{method} // 'GET',
	    substr($res->request->{path} // '', 0, 200), $res->brief);
	diag('  ' . substr $res->body, 0, 600) if $res->body ne '';
	return 0;
}

# is_status(answer, status, name)
sub is_status {
	my ($res, $status, $name) = @_;

	local $Test::Builder::Level = $Test::Builder::Level + 1;
	return ok(!$res->error && $res->status == $status, $name) ||
	    explain_answer($res, "wanted $status");
}

# is_lost(answer): the request got no answer, or one that says that its worker died.
sub is_lost {
	my ($res) = @_;

	return !$res->status || $res->status == 500 || $res->status == 502;
}

sub is_text { return defined $_[0] && !ref $_[0] && $_[0] ne '' }

# What is wrong with a problem document; ${front}: it is lighttpd's own, which
# knows neither the path nor the trace.
sub problem_faults {
	my ($res, $front) = @_;
	my ($p, @faults) = ($res->json);
	my @must = $front ? qw(type title status detail code) : @always;
	my %may = map { $_ => 1 } @always, $res->code eq
	    'VALIDATION_FAILED' ? 'errors' : (), $res->code eq
	    'ALREADY_CLAIMED' ? 'claimId' : (), $res->code eq
	    'NOT_ELIGIBLE' ? 'trace' : (), $res->code eq
	    'SERVICE_UNAVAILABLE' ? 'failed' : ();

	return 'it is no JSON object' if ref $p ne 'HASH';
	push @faults, 'Content-Type is ' . ($res->header('Content-Type') // 'absent')
	    if ($res->header('Content-Type') // '') ne 'application/problem+json';
	push @faults, map { "$_ is missing" } grep { !is_text($p->{$_}) } @must;
	push @faults, map { "$_ does not belong there" }
	    grep { !$may{$_} } sort keys %$p;
	return @faults if @faults;
	push @faults, "status says $p->{status}" if $p->{status} ne $res->status;
	push @faults, "code is $p->{code}" if $p->{code} !~ /^[A-Z][A-Z_]*$/;
	return @faults if $front;
	push @faults, "traceId is $p->{traceId}, traceparent says " .
	    ($res->trace // 'nothing') if $p->{traceId} ne ($res->trace // '');
	my ($path) = ($res->request->{path} // '') =~ /^([^?]*)/;
	push @faults, "instance is $p->{instance}"
	    if !$res->request->{raw} && $p->{instance} ne $path;
	push @faults, 'it may be stored'
	    if ($res->header('Cache-Control') // '') ne 'no-store';
	my $need = $header_of{$res->status};
	push @faults, "$need is missing" if $need && !is_text($res->header($need));
	push @faults, 'errors is empty' if $res->code eq 'VALIDATION_FAILED' &&
	    !@{$p->{errors} // []};
	for my $e (@{$p->{errors} // []}) {
		push @faults, 'an error lacks pointer, code or message' if
		    !defined $e->{pointer} || !is_text($e->{message}) ||
		    ($e->{code} // '') !~ /^[A-Z][A-Z_]*$/ || keys %$e != 3;
	}
	return @faults;
}

# is_problem(answer, status, code, name, front => 1)
# A whole problem document of RFC 9457 with that status and code.
sub is_problem {
	my ($res, $status, $code, $name, %o) = @_;
	my @faults;

	local $Test::Builder::Level = $Test::Builder::Level + 1;
	push @faults, "no answer: " . $res->error if $res->error;
	push @faults, "wanted $status $code"
	    if $res->status != $status || $res->code ne $code;
	push @faults, problem_faults($res, $o{front}) if !@faults;
	return ok(!@faults, $name) || explain_answer($res, @faults);
}

# The faults of a VALIDATION_FAILED as "pointer CODE", sorted.
sub faults {
	my ($res) = @_;

	return sort map { "$_->{pointer} $_->{code}" } @{$res->get('errors') // []};
}

# has_fault(answer, pointer, name): 400 with a fault at that place.
sub has_fault {
	my ($res, $pointer, $name) = @_;
	my @faults = problem_faults($res);

	local $Test::Builder::Level = $Test::Builder::Level + 1;
	push @faults, 'wanted 400 VALIDATION_FAILED' if $res->status != 400 ||
	    $res->code ne 'VALIDATION_FAILED';
	push @faults, "no fault at $pointer" if !grep { $_->{pointer} eq $pointer }
	    @{$res->get('errors') // []};
	return ok(!@faults, $name) || explain_answer($res, @faults);
}

# members(answer or hash): the names of its members, sorted, in one string.
sub members {
	my ($what) = @_;
	my $data = ref $what eq 'HASH' ? $what : $what->json;

	return ref $data eq 'HASH' ? join ' ', sort keys %$data : '(no object)';
}

1;
