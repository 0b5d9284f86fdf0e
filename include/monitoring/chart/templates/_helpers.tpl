{{- define "monitoring.labels" -}}
app.kubernetes.io/part-of: {{ .Chart.Name }}
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{- end -}}

{{- define "monitoring.podSecurity" -}}
runAsNonRoot: true
runAsUser: 65534
runAsGroup: 65534
fsGroup: 65534
seccompProfile:
  type: RuntimeDefault
{{- end -}}

{{- define "monitoring.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities:
  drop: [ALL]
{{- end -}}

{{- define "monitoring.rules" -}}
{{- $groups := list -}}
{{- range .Values.alertingRuleGroups -}}
{{- $groups = append $groups (omit . "job" "owner") -}}
{{- end -}}
{{- dict "groups" $groups | toYaml -}}
{{- end -}}

{{- define "monitoring.alertmanagerConfig" -}}
{{- $config := deepCopy .Values.alertmanager.config -}}
{{- $routes := list -}}
{{- $receivers := list -}}
{{- range .Values.alertReceivers -}}
{{- $routes = append $routes .route -}}
{{- $receivers = append $receivers .receiver -}}
{{- end -}}
{{- $_ := set $config.route "routes" (concat $routes ($config.route.routes | default list)) -}}
{{- $_ := set $config "receivers" (concat $config.receivers $receivers) -}}
{{- toYaml $config -}}
{{- end -}}
