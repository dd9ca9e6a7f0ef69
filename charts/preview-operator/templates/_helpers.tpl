{{/* The release's name, with the chart's appended unless the release is called after it. */}}
{{- define "preview-operator.fullname" -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 43 | trimSuffix "-" -}}
{{- else if contains .Chart.Name .Release.Name -}}
{{- .Release.Name | trunc 43 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name .Chart.Name | trunc 43 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{- define "preview-operator.selectorLabels" -}}
app.kubernetes.io/name: {{ .Chart.Name }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "preview-operator.labels" -}}
{{ include "preview-operator.selectorLabels" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name (.Chart.Version | replace "+" "_") }}
{{- with .Values.commonLabels }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{/* image (list root name override): override as it is, or name in the folder and with the tag all images share. */}}
{{- define "preview-operator.image" -}}
{{- $root := index . 0 -}}
{{- $name := index . 1 -}}
{{- $override := index . 2 -}}
{{- if $override -}}
{{- $override -}}
{{- else -}}
{{- printf "%s/%s:%s" (trimSuffix "/" $root.Values.image.repository) $name ($root.Values.image.tag | default $root.Chart.AppVersion) -}}
{{- end -}}
{{- end -}}

{{- define "preview-operator.managerServiceAccount" -}}
{{- .Values.manager.serviceAccountName | default (include "preview-operator.fullname" .) -}}
{{- end -}}

{{- define "preview-operator.keysSecret" -}}
{{- .Values.keys.existingSecret | default (printf "%s-keys" (include "preview-operator.fullname" .)) -}}
{{- end -}}

{{/* The namespaces whose previews the chart grants rights for, as a JSON list: that of the gateway first. */}}
{{- define "preview-operator.namespaces" -}}
{{- concat (list .Values.previews.namespace) .Values.previews.additionalNamespaces | uniq | toJson -}}
{{- end -}}

{{/*
The rules of a generated Role, as JSON {"rules": [...]}: (list root namespace). files/rbac/role.yaml is written by
controller-gen from the markers beside the code that needs each right. There, namespace previews stands for every
namespace that is watched, preview-system for the release's own, and no namespace for what belongs to none.
*/}}
{{- define "preview-operator.generatedRules" -}}
{{- $root := index . 0 -}}
{{- $namespace := index . 1 -}}
{{- $rules := list -}}
{{- range $document := splitList "\n---\n" ($root.Files.Get "files/rbac/role.yaml") -}}
{{- $role := fromYaml $document -}}
{{- if eq ($role.metadata.namespace | default "") $namespace -}}
{{- range $rule := $role.rules -}}
{{- if has "serviceaccounts/token" $rule.resources -}}
{{- $rule = set $rule "resourceNames" (list $root.Values.gateway.serviceAccountName) -}}
{{- end -}}
{{- $rules = append $rules $rule -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- if not $rules -}}
{{- fail (printf "files/rbac/role.yaml has no rules for namespace %q" $namespace) -}}
{{- end -}}
{{- dict "rules" $rules | toJson -}}
{{- end -}}

{{/* Neither container writes to its image, gains a privilege or needs a capability. */}}
{{- define "preview-operator.containerSecurityContext" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities:
  drop: [ALL]
{{- end -}}

{{/* The PREVIEW_* settings that manager and gateway share and take up while they run. */}}
{{- define "preview-operator.liveSettings" -}}
{{- with .Values.settings -}}
PREVIEW_ENABLED: {{ .enabled | quote }}
PREVIEW_SESSION_TIMEOUT: {{ .sessionTimeout | int | quote }}
PREVIEW_MAX_UPTIME: {{ .maxUptime | int | quote }}
PREVIEW_MEMORY_LIMIT_MB: {{ .memoryLimitMB | int | quote }}
PREVIEW_MEMORY_LIMIT_MAX_MB: {{ .memoryLimitMaxMB | int | quote }}
PREVIEW_STARTUP_TIMEOUT: {{ .startupTimeout | int | quote }}
PREVIEW_POD_START_TIMEOUT: {{ .podStartTimeout | int | quote }}
PREVIEW_TTL_AFTER_FINISHED: {{ .ttlAfterFinished | int | quote }}
PREVIEW_MAX_PER_USER: {{ .maxPerUser | int | quote }}
PREVIEW_LAUNCHES_PER_MINUTE: {{ .launchesPerMinute | int | quote }}
PREVIEW_LOG_RETENTION: {{ .logRetention | int | quote }}
PREVIEW_LOG_RETENTION_MB: {{ .logRetentionMB | int | quote }}
PREVIEW_RUN_RETENTION: {{ .runRetention | int | quote }}
PREVIEW_RUN_RETENTION_COUNT: {{ .runRetentionCount | int | quote }}
PREVIEW_CORS_ORIGINS: {{ join "," .corsOrigins | quote }}
{{- end }}
{{- end -}}

{{/* The PREVIEW_* settings that they share and read when they start. */}}
{{- define "preview-operator.settings" -}}
{{- with .Values.settings -}}
PREVIEW_PORT_MIN: {{ .portMin | int | quote }}
PREVIEW_PORT_MAX: {{ .portMax | int | quote }}
PREVIEW_STOP_GRACE: {{ .stopGrace | int | quote }}
PREVIEW_SWEEP_INTERVAL: {{ .sweepInterval | int | quote }}
PREVIEW_CODE_CACHE_MB: {{ .codeCacheMB | int | quote }}
PREVIEW_LAUNCH_WAIT: {{ .launchWait | int | quote }}
PREVIEW_IDEMPOTENCY_TTL: {{ .idempotencyTTL | int | quote }}
PREVIEW_REQUEST_TIMEOUT: {{ .requestTimeout | int | quote }}
PREVIEW_MAX_RESPONSE_MB: {{ .maxResponseMB | int | quote }}
PREVIEW_MAX_REQUESTS: {{ .maxRequests | int | quote }}
PREVIEW_MAX_UPLOADS: {{ .maxUploads | int | quote }}
PREVIEW_MAX_STREAMS: {{ .maxStreams | int | quote }}
PREVIEW_MAX_STREAMS_PER_USER: {{ .maxStreamsPerUser | int | quote }}
PREVIEW_BASE_URL_TEMPLATE: {{ .baseURLTemplate | quote }}
PREVIEW_CLUSTER_DOMAIN: {{ .clusterDomain | quote }}
{{- if .egressBlockedCIDRs }}
PREVIEW_EGRESS_BLOCKED_CIDRS: {{ join "," .egressBlockedCIDRs | quote }}
{{- end }}
PREVIEW_JWT_AUDIENCE: {{ .jwtAudience | quote }}
PREVIEW_JWT_ISSUER: {{ .jwtIssuer | quote }}
PREVIEW_JWT_ALGORITHMS: {{ join "," .jwtAlgorithms | quote }}
PREVIEW_JWT_USER_CLAIM: {{ .jwtUserClaim | quote }}
PREVIEW_JWT_ROLE_CLAIM: {{ .jwtRoleClaim | quote }}
PREVIEW_JWKS_URL: {{ .jwksURL | quote }}
PREVIEW_OIDC_ISSUER: {{ .oidcIssuer | quote }}
PREVIEW_JWKS_CA_FILE: {{ ternary "/etc/preview/jwks-ca/ca.crt" "" (ne .jwksCAConfigMap "") | quote }}
PREVIEW_DATABASE_PATH: {{ .databasePath | quote }}
PREVIEW_TRACING_ENDPOINT: {{ .tracingEndpoint | quote }}
PREVIEW_TRACING_SAMPLE_PERCENT: {{ .tracingSamplePercent | int | quote }}
PREVIEW_TRACING_TRUST_PARENT: {{ .tracingTrustParent | quote }}
{{- end }}
PREVIEW_GENERATIONS_TABLE: {{ .Values.generations.table | quote }}
PREVIEW_SETTINGS_DIR: /etc/preview/settings
PREVIEW_NAMESPACE: {{ .Values.previews.namespace | quote }}
PREVIEW_WATCH_NAMESPACES: {{ ternary "" (include "preview-operator.namespaces" . | fromJsonArray | join ",") .Values.previews.watchAllNamespaces | quote }}
PREVIEW_POD_NAMESPACE: {{ .Release.Namespace | quote }}
PREVIEW_RUNNER_KEY_FILE: /etc/preview/keys/runner-key
PREVIEW_SESSION_KEY_FILE: /etc/preview/keys/session-key
PREVIEW_JWT_SECRET_FILE: /etc/preview/keys/jwt-secret
PREVIEW_GATEWAY_ADDRESS: ":8080"
PREVIEW_GATEWAY_SERVICE_ACCOUNT: {{ .Values.gateway.serviceAccountName | quote }}
PREVIEW_GATEWAY_TOKEN_FILE: /run/preview/gateway-token/token
{{- end -}}

{{/* Something to say if an object of the Prometheus Operator is to be rendered: (list root values kind). */}}
{{- define "preview-operator.prometheusAPI" -}}
{{- $root := index . 0 -}}
{{- if and (index . 1).enabled (or $root.Values.monitoring.force ($root.Capabilities.APIVersions.Has (printf "monitoring.coreos.com/v1/%s" (index . 2)))) -}}
yes
{{- end -}}
{{- end -}}

{{/* The URLs of databases: from Secrets, for they have passwords. */}}
{{- define "preview-operator.databaseURLs" -}}
- name: PREVIEW_DATABASE_URL
  {{- if .Values.store.databaseURLSecret }}
  valueFrom:
    secretKeyRef:
      name: {{ .Values.store.databaseURLSecret }}
      key: url
  {{- else }}
  value: ""
  {{- end }}
- name: PREVIEW_GENERATIONS_URL
  {{- if .Values.generations.urlSecret }}
  valueFrom:
    secretKeyRef:
      name: {{ .Values.generations.urlSecret }}
      key: {{ .Values.generations.urlSecretKey }}
  {{- else }}
  value: ""
  {{- end }}
{{- end -}}
