#!/usr/bin/env perl
# SPDX-License-Identifier: BSD-2-Clause
# The two api.json: what every operation must say, and that the sources and
# the tables of the project know the same names.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use Test::More;
use Guerdon::Contract;
use Guerdon::Stack;

my $top = Guerdon::Stack::top();
my @roles = qw(PUBLIC USER OPERATOR AUDITOR ADMIN SERVICE ENROL);
my %known_role = map { $_ => 1 } @roles;

# Every string of a JSON text that is the value of a member of that name.
sub values_of {
	my ($node, $name) = @_;
	my @out;

	if (ref $node eq 'HASH') {
		for (keys %$node) {
			push @out, $node->{$_}
			    if $_ eq $name && !ref $node->{$_};
			push @out, values_of($node->{$_}, $name);
		}
	} elsif (ref $node eq 'ARRAY') {
		push @out, map { values_of($_, $name) } @$node;
	}
	return @out;
}

# What is wrong with one operation.
sub faults {
	my ($op) = @_;
	my ($node, %has) = ($op->{node}, map { $_ => 1 } @{$op->{roles}});
	my $answers = $node->{responses};
	my @faults;

	my $say = sub { push @faults, $_[1] if !$_[0] };
	$say->(@{$op->{roles}} > 0, 'x-roles is missing');
	$say->($known_role{$_}, "$_ is no role") for @{$op->{roles}};
	$say->(!$has{PUBLIC} || keys %has == 1, 'PUBLIC and other roles');
	$say->(!$has{PUBLIC} || ref $node->{security} eq 'ARRAY' &&
	    !@{$node->{security}}, 'PUBLIC, but security is not []');
	$say->($has{SERVICE} || $op->{subject}, 'SERVICE may less than ADMIN')
	    if $has{ADMIN};
	$say->(!$has{SERVICE}, 'x-subject and SERVICE') if $op->{subject};
	$say->($has{ADMIN}, 'ADMIN may not call it')
	    if $op->{public} && !$has{PUBLIC};
	$say->($node->{'x-limit'}, 'x-limit is missing') if $op->{public};
	$say->($node->{$_}, "$_ is missing")
	    for qw(operationId summary description tags);
	$say->((grep { /^2/ } keys %$answers) == 1, 'not one 2xx');
	my @codes = (400, 503);
	push @codes, 401 if !$has{PUBLIC};
	push @codes, 403 if !$has{PUBLIC} &&
	    (grep { $has{$_} } qw(USER OPERATOR AUDITOR ADMIN SERVICE)) < 5;
	push @codes, 404 if $op->{path} =~ /\{/;
	push @codes, 413, 415 if $node->{requestBody};
	push @codes, 412, 428 if $op->{if_match};
	push @codes, 429 if $op->{public};
	$say->($answers->{$_}, "$_ is not among the answers") for @codes;
	for (keys %$answers) {
		my $content = deref($op->{service}, $answers->{$_})->{content};
		my ($type) = keys %{$content // {}};
		$say->(!/^[45]/ || ($type // '') eq 'application/problem+json',
		    "$_ is no problem document");
	}
	my %named = map { $_ => 1 } $op->{path} =~ /\{(\w+)\}/g;
	my %told = map { $_->{name} => 1 } grep { $_->{in} eq 'path' }
	    @{$node->{parameters} // []};
	$say->("@{[sort keys %named]}" eq "@{[sort keys %told]}",
	    'path and path parameters differ');
	my $media = join ' ', @{$op->{media}};
	my $want = $op->{method} eq 'PATCH' ?
	    'application/json application/merge-patch+json' :
	    $op->{path} eq '/introspect' ?
	    'application/x-www-form-urlencoded' : 'application/json';
	$say->($media eq '' || $media eq $want, "media types: $media");
	return @faults;
}

for my $op (operations()) {
	my @faults = faults($op);
	ok(!@faults, "$op->{service}: $op->{method} $op->{path}") or
	    diag("  $_") for @faults ? @faults : undef;
}

subtest 'operationIds' => sub {
	my (%seen, @twice);
	for my $op (operations()) {
		push @twice, $op->{id} if $seen{"$op->{service} $op->{id}"}++
		    || ($op->{public} && $seen{$op->{id}}++);
	}
	is("@twice", '', 'are unique');
	for my $service (qw(auth event)) {
		my $text = join '', map { Guerdon::Stack::slurp($_) }
		    glob "$top/fcgi-$service/*.c";
		my @none = grep { $text !~ /^\Q$_\E\(struct request/m }
		    map { $_->{id} } operations($service);
		is("@none", '', "$service: each is a function");
	}
};

# A path must be in one contract only, or the gateway could not tell.
my %both = map { $_ => 1 } keys %{paths('auth')};
is(join(' ', grep { $both{$_} && !m{^/internal/} }
    keys %{paths('event')}), '', 'no path is in both contracts');

for my $service (qw(auth event)) {
	my $document = contract($service);
	my @refs = values_of($document, '$ref');
	my @wrong = grep { !defined deref($service, {'$ref' => $_}) } @refs;
	is("@wrong", '', "$service: every \$ref leads somewhere");
	my %used = map { $_ => 1 } @refs;
	my @idle;
	for my $kind (qw(schemas responses headers)) {
		push @idle, grep { !$used{$_} } map { "#/components/$kind/$_" }
		    keys %{$document->{components}{$kind}};
	}
	is("@idle", '', "$service: every component is used");
}

# What a request may hold is bounded: nothing unknown, nothing without end.
sub unbounded {
	my ($service, $node, $place) = @_;
	my @out;

	$node = deref($service, $node);
	my %type = map { $_ => 1 } ref $node->{type} ? @{$node->{type}} :
	    $node->{type} // ();
	push @out, "$place: open object"
	    if $type{object} && !defined $node->{additionalProperties};
	push @out, "$place: array without maxItems"
	    if $type{array} && !defined $node->{maxItems};
	push @out, "$place: text without end" if $type{string} &&
	    !grep { defined $node->{$_} }
	    qw(maxLength x-max-bytes enum const format pattern);
	push @out, "$place: number without end" if $type{integer} &&
	    !(defined $node->{minimum} && defined $node->{maximum});
	for (keys %{$node->{properties} // {}}) {
		push @out, unbounded($service, $node->{properties}{$_},
		    "$place/$_");
	}
	push @out, unbounded($service, $node->{items}, "$place/[]")
	    if $node->{items};
	push @out, unbounded($service, $node->{additionalProperties},
	    "$place/*") if ref $node->{additionalProperties} eq 'HASH';
	return @out;
}

my @unbounded;
for my $op (operations()) {
	# A form is bounded by the body's own limit.
	next if $op->{id} eq 'token_introspect';
	# A tree of conditions is checked by its table of kinds: 66_conditions.
	push @unbounded, grep { !m{/conditions: open object$} }
	    map { unbounded($op->{service}, $_->{schema},
	    $op->{id}) } values %{($op->{node}{requestBody} // {})->{content} // {}};
	push @unbounded, map { unbounded($op->{service}, $_->{schema},
	    "$op->{id}?$_->{name}") } grep { $_->{in} eq 'query' }
	    @{$op->{node}{parameters} // []};
}
is(join("\n", @unbounded), '', 'what a request may hold is bounded');

# Names that clients rely on.
my %members = (
    auth => {
	User => 'createdAt email name role status userId',
	Session => 'accessToken expiresIn refreshExpiresIn refreshToken role ' .
	    'tokenType userId',
	Introspection => 'active exp iat jti role sid sub',
	UserPage => 'items next',
    },
    event => {
	Event => 'choice claimLimit claimsGranted claimsLeft conditions createdAt ' .
	    'createdBy description endsAt eventId hours recurrence rewards ' .
	    'startsAt status timeZone title updatedAt version',
	Reward => 'claimWindow createdAt details eventId granted left name ' .
	    'quantity requiresApproval rewardId stock type',
	Claim => 'claimId createdAt decisions eventId expiresAt period ' .
	    'rewards snapshot state traceId userId',
	AuditRecord => 'at auditId durationMs eventId operation request ' .
	    'result traceId userId',
    },
);
for my $service (sort keys %members) {
	for my $name (sort keys %{$members{$service}}) {
		my $schema = contract($service)->{components}{schemas}{$name};
		is(join(' ', sort keys %{$schema->{properties}}),
		    $members{$service}{$name}, "the members of $name");
	}
}

subtest 'codes of problems' => sub {
	my %listed = map { $_ => 1 } @{deref('auth',
	    {'$ref' => '#/components/schemas/Problem'})
	    ->{properties}{code}{enum}};
	is_deeply([sort keys %listed], [sort @{deref('event',
	    {'$ref' => '#/components/schemas/Problem'})
	    ->{properties}{code}{enum}}], 'are the same in both documents');
	my $source = join '', map { Guerdon::Stack::slurp($_) }
	    glob "$top/shared/*.c $top/fcgi-*/*.c";
	my %made = map { $_ => 1 }
	    $source =~ /\{\s*\d{3},\s*"([A-Z_]+)"/g;
	is(join(' ', grep { !$made{$_} } sort keys %listed), '',
	    'each that is listed has its row in the source');
	# CONFLICT is what a row without a code of its own would say.
	is(join(' ', grep { !$listed{$_} && !/^(?:OK|CONFLICT)$/ }
	    sort keys %made), '', 'each row is listed');
};

done_testing;
