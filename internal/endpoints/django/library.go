package django

import "github.com/codebegen/preview-operator/internal/endpoints/python"

// Methods of views that are the project's only by name.
var (
	get     = []string{"get"}
	post    = []string{"post"}
	getPost = []string{"get", "post"}
)

// libraryViews are views of classes of Django and of other packages that are often used, or inherited from, as they are.
var libraryViews = map[string][]string{
	"django.contrib.auth.views.LoginView":                            getPost,
	"django.contrib.auth.views.LogoutView":                           getPost,
	"django.contrib.auth.views.PasswordChangeView":                   getPost,
	"django.contrib.auth.views.PasswordChangeDoneView":               get,
	"django.contrib.auth.views.PasswordResetView":                    getPost,
	"django.contrib.auth.views.PasswordResetDoneView":                get,
	"django.contrib.auth.views.PasswordResetConfirmView":             getPost,
	"django.contrib.auth.views.PasswordResetCompleteView":            get,
	"django.views.i18n.JavaScriptCatalog":                            get,
	"django.views.i18n.JSONCatalog":                                  get,
	"django_filters.views.FilterView":                                get,
	"django_tables2.views.SingleTableView":                           get,
	"django_tables2.SingleTableView":                                 get,
	"formtools.wizard.views.SessionWizardView":                       getPost,
	"formtools.wizard.views.CookieWizardView":                        getPost,
	"formtools.wizard.views.NamedUrlSessionWizardView":               getPost,
	"formtools.preview.FormPreview":                                  getPost,
	"dal.autocomplete.Select2QuerySetView":                           getPost,
	"dal.autocomplete.Select2ListView":                               get,
	"bootstrap_modal_forms.generic.BSModalCreateView":                getPost,
	"bootstrap_modal_forms.generic.BSModalUpdateView":                getPost,
	"bootstrap_modal_forms.generic.BSModalDeleteView":                getPost,
	"bootstrap_modal_forms.generic.BSModalFormView":                  getPost,
	"bootstrap_modal_forms.generic.BSModalLoginView":                 getPost,
	"bootstrap_modal_forms.generic.BSModalReadView":                  get,
	"allauth.account.views.LoginView":                                getPost,
	"allauth.account.views.SignupView":                               getPost,
	"allauth.account.views.LogoutView":                               getPost,
	"allauth.account.views.EmailView":                                getPost,
	"allauth.account.views.PasswordChangeView":                       getPost,
	"allauth.account.views.PasswordSetView":                          getPost,
	"allauth.account.views.PasswordResetView":                        getPost,
	"allauth.account.views.PasswordResetFromKeyView":                 getPost,
	"allauth.account.views.ConfirmEmailView":                         getPost,
	"allauth.account.views.PasswordResetDoneView":                    get,
	"allauth.account.views.PasswordResetFromKeyDoneView":             get,
	"allauth.account.views.EmailVerificationSentView":                get,
	"allauth.account.views.AccountInactiveView":                      get,
	"registration.views.RegistrationView":                            getPost,
	"registration.views.ActivationView":                              get,
	"registration.backends.default.views.RegistrationView":           getPost,
	"registration.backends.default.views.ActivationView":             get,
	"registration.backends.simple.views.RegistrationView":            getPost,
	"registration.backends.hmac.views.RegistrationView":              getPost,
	"registration.backends.hmac.views.ActivationView":                get,
	"django_registration.views.RegistrationView":                     getPost,
	"django_registration.views.ActivationView":                       get,
	"django_registration.backends.activation.views.RegistrationView": getPost,
	"django_registration.backends.activation.views.ActivationView":   get,
	"django_registration.backends.one_step.views.RegistrationView":   getPost,
	"contact_form.views.ContactFormView":                             getPost,
	"django_contact_form.views.ContactFormView":                      getPost,
	"two_factor.views.LoginView":                                     getPost,
	"two_factor.views.SetupView":                                     getPost,
	"two_factor.views.DisableView":                                   getPost,
	"two_factor.views.ProfileView":                                   getPost,
	"extra_views.CreateWithInlinesView":                              getPost,
	"extra_views.UpdateWithInlinesView":                              getPost,
	"extra_views.FormSetView":                                        getPost,
	"extra_views.ModelFormSetView":                                   getPost,
	"extra_views.InlineFormSetView":                                  getPost,
	"wkhtmltopdf.views.PDFTemplateView":                              get,
	"django_weasyprint.views.WeasyTemplateView":                      get,
	"django_weasyprint.WeasyTemplateView":                            get,
	"vanilla.ListView":                                               get,
	"vanilla.DetailView":                                             get,
	"vanilla.TemplateView":                                           get,
	"vanilla.CreateView":                                             getPost,
	"vanilla.UpdateView":                                             getPost,
	"vanilla.DeleteView":                                             getPost,
	"vanilla.FormView":                                               getPost,
	"graphene_django.views.GraphQLView":                              getPost,
	"graphene_file_upload.django.FileUploadGraphQLView":              getPost,
	"strawberry.django.views.GraphQLView":                            getPost,
	"strawberry.django.views.AsyncGraphQLView":                       getPost,
	"strawberry_django.views.GraphQLView":                            getPost,
	"ariadne_django.views.GraphQLView":                               getPost,
}

// libraryAPIViews are the same for views made with Django REST framework.
var libraryAPIViews = map[string][]string{
	"rest_framework_simplejwt.views.TokenViewBase":                post,
	"rest_framework_simplejwt.views.TokenObtainPairView":          post,
	"rest_framework_simplejwt.views.TokenRefreshView":             post,
	"rest_framework_simplejwt.views.TokenVerifyView":              post,
	"rest_framework_simplejwt.views.TokenBlacklistView":           post,
	"rest_framework_simplejwt.views.TokenObtainSlidingView":       post,
	"rest_framework_simplejwt.views.TokenRefreshSlidingView":      post,
	"rest_framework_jwt.views.JSONWebTokenAPIView":                post,
	"rest_framework_jwt.views.ObtainJSONWebToken":                 post,
	"rest_framework_jwt.views.ObtainJSONWebTokenView":             post,
	"rest_framework_jwt.views.RefreshJSONWebToken":                post,
	"rest_framework_jwt.views.RefreshJSONWebTokenView":            post,
	"rest_framework_jwt.views.VerifyJSONWebToken":                 post,
	"rest_framework_jwt.views.VerifyJSONWebTokenView":             post,
	"rest_framework.authtoken.views.ObtainAuthToken":              post,
	"rest_framework.schemas.views.SchemaView":                     get,
	"knox.views.LoginView":                                        post,
	"knox.views.LogoutView":                                       post,
	"knox.views.LogoutAllView":                                    post,
	"drf_spectacular.views.SpectacularAPIView":                    get,
	"drf_spectacular.views.SpectacularJSONAPIView":                get,
	"drf_spectacular.views.SpectacularYAMLAPIView":                get,
	"drf_spectacular.views.SpectacularSwaggerView":                get,
	"drf_spectacular.views.SpectacularSwaggerSplitView":           get,
	"drf_spectacular.views.SpectacularSwaggerOauthRedirectView":   get,
	"drf_spectacular.views.SpectacularRedocView":                  get,
	"dj_rest_auth.views.LoginView":                                post,
	"dj_rest_auth.views.LogoutView":                               getPost,
	"dj_rest_auth.views.UserDetailsView":                          {"get", "put", "patch"},
	"dj_rest_auth.views.PasswordResetView":                        post,
	"dj_rest_auth.views.PasswordResetConfirmView":                 post,
	"dj_rest_auth.views.PasswordChangeView":                       post,
	"dj_rest_auth.jwt_auth.RefreshViewWithCookieSupport":          post,
	"dj_rest_auth.registration.views.RegisterView":                post,
	"dj_rest_auth.registration.views.VerifyEmailView":             getPost,
	"dj_rest_auth.registration.views.ResendEmailVerificationView": post,
	"dj_rest_auth.registration.views.SocialLoginView":             post,
	"dj_rest_auth.registration.views.SocialConnectView":           post,
	"dj_rest_auth.registration.views.SocialAccountListView":       get,
	"djoser.views.TokenCreateView":                                post,
	"djoser.views.TokenDestroyView":                               post,
	"djoser.social.views.ProviderAuthView":                        getPost,
	"django_rest_passwordreset.views.ResetPasswordRequestToken":   post,
	"django_rest_passwordreset.views.ResetPasswordConfirm":        post,
	"django_rest_passwordreset.views.ResetPasswordValidateToken":  post,
	"health_check.views.MainView":                                 get,
	"rest_framework_json_api.views.RelationshipView":              {"get", "post", "patch", "delete"},
	"oauth2_provider.views.TokenView":                             post,
	"oauth2_provider.views.RevokeTokenView":                       post,
}

// libraryFunctions are views that are functions, or are made by a call; a path that ends with a dot stands for whatever is
// made of it.
var libraryFunctions = map[string][]string{
	"rest_framework.authtoken.views.obtain_auth_token":             {"POST"},
	"rest_framework_jwt.views.obtain_jwt_token":                    {"POST"},
	"rest_framework_jwt.views.refresh_jwt_token":                   {"POST"},
	"rest_framework_jwt.views.verify_jwt_token":                    {"POST"},
	"rest_framework_simplejwt.views.token_obtain_pair":             {"POST"},
	"rest_framework_simplejwt.views.token_refresh":                 {"POST"},
	"rest_framework_simplejwt.views.token_verify":                  {"POST"},
	"rest_framework_simplejwt.views.token_blacklist":               {"POST"},
	"rest_framework_simplejwt.views.token_obtain_sliding":          {"POST"},
	"rest_framework_simplejwt.views.token_refresh_sliding":         {"POST"},
	"django_rest_passwordreset.views.reset_password_request_token": {"POST"},
	"django_rest_passwordreset.views.reset_password_confirm":       {"POST"},
	"drf_yasg.views.get_schema_view().":                            {"GET"},
	"rest_framework.schemas.get_schema_view()":                     {"GET"},
	"rest_framework_swagger.views.get_swagger_view()":              {"GET"},
	"django.views.i18n.set_language":                               {"GET", "POST"},
}

// libraryURL is a pattern of a package's urls.
type libraryURL struct {
	kind    patternKind
	text    string
	methods []string
}

// libraryURLs are a package's urls, and the app_name that they have.
type libraryURLs struct {
	name string
	urls []libraryURL
}

var authURLs = []libraryURL{
	{routeText, "login/", getPost},
	{routeText, "logout/", getPost},
	{routeText, "password_change/", getPost},
	{routeText, "password_change/done/", get},
	{routeText, "password_reset/", getPost},
	{routeText, "password_reset/done/", get},
	{routeText, "reset/<uidb64>/<token>/", getPost},
	{routeText, "reset/done/", get},
}

var restAuthURLs = []libraryURL{
	{routeText, "password/reset/", post},
	{routeText, "password/reset/confirm/", post},
	{routeText, "login/", post},
	{routeText, "logout/", getPost},
	{routeText, "user/", []string{"get", "put", "patch"}},
	{routeText, "password/change/", post},
}

var djoserUsers = []libraryURL{
	{routeText, "", get},
	{routeText, "users/", getPost},
	{routeText, "users/activation/", post},
	{routeText, "users/me/", []string{"get", "put", "patch", "delete"}},
	{routeText, "users/resend_activation/", post},
	{routeText, "users/reset_password/", post},
	{routeText, "users/reset_password_confirm/", post},
	{routeText, "users/reset_username/", post},
	{routeText, "users/reset_username_confirm/", post},
	{routeText, "users/set_password/", post},
	{routeText, "users/set_username/", post},
	{routeText, "users/<id>/", []string{"get", "put", "patch", "delete"}},
}

// knownURLs are urls that projects include from packages.
var knownURLs = map[string]libraryURLs{
	"django.contrib.auth.urls": {"", authURLs},
	"django.conf.urls.i18n":    {"", []libraryURL{{routeText, "setlang/", getPost}}},
	"rest_framework.urls": {"rest_framework", []libraryURL{
		{routeText, "login/", getPost},
		{routeText, "logout/", getPost},
	}},
	"dj_rest_auth.urls": {"", restAuthURLs},
	"rest_auth.urls":    {"", restAuthURLs},
	"dj_rest_auth.registration.urls": {"", []libraryURL{
		{routeText, "", post},
		{routeText, "verify-email/", getPost},
		{routeText, "resend-email/", post},
		{regexText, "^account-confirm-email/(?P<key>[-:\\w]+)/$", get},
		{routeText, "account-email-verification-sent/", get},
	}},
	"rest_auth.registration.urls": {"", []libraryURL{
		{routeText, "", post},
		{routeText, "verify-email/", getPost},
		{regexText, "^account-confirm-email/(?P<key>[-:\\w]+)/$", get},
	}},
	"djoser.urls":           {"", djoserUsers},
	"djoser.urls.base":      {"", djoserUsers},
	"djoser.urls.authtoken": {"", []libraryURL{{routeText, "token/login/", post}, {routeText, "token/logout/", post}}},
	"djoser.urls.jwt": {"", []libraryURL{
		{routeText, "jwt/create/", post},
		{routeText, "jwt/refresh/", post},
		{routeText, "jwt/verify/", post},
	}},
	"djoser.social.urls": {"", []libraryURL{{regexText, "^o/(?P<provider>\\S+)/$", getPost}}},
	"knox.urls": {"", []libraryURL{
		{routeText, "login/", post},
		{routeText, "logout/", post},
		{routeText, "logoutall/", post},
	}},
	"django_rest_passwordreset.urls": {"password_reset", []libraryURL{
		{routeText, "", post},
		{routeText, "confirm/", post},
		{routeText, "validate_token/", post},
	}},
	"health_check.urls":             {"health_check", []libraryURL{{routeText, "", get}, {routeText, "<str:subset>/", get}}},
	restDocsURLs:                    {"api-docs", []libraryURL{{routeText, "", get}, {routeText, "schema.js", get}}},
	"django.contrib.flatpages.urls": {"", []libraryURL{{routeText, "<path:url>", get}}},
	"django_prometheus.urls":        {"", []libraryURL{{routeText, "metrics", get}}},
}

const restDocsURLs = "rest_framework.documentation.urls"

// libraryActions are the actions that viewsets of packages have beside the usual ones.
var libraryActions = map[string][]*action{
	djoserViewSetPath: {
		{name: "activation", urlName: "activation", urlPath: "activation", bound: []methodAction{{"post", "activation"}}},
		{name: "me", urlName: "me", urlPath: "me", bound: []methodAction{{"get", "me"}, {"put", "me"}, {"patch", "me"}, {"delete", "me"}}},
		{name: "resend_activation", urlName: "resend-activation", urlPath: "resend_activation", bound: []methodAction{{"post", "resend_activation"}}},
		{name: "reset_password", urlName: "reset-password", urlPath: "reset_password", bound: []methodAction{{"post", "reset_password"}}},
		{name: "reset_password_confirm", urlName: "reset-password-confirm", urlPath: "reset_password_confirm", bound: []methodAction{{"post", "reset_password_confirm"}}},
		{name: "reset_username", urlName: "reset-username", urlPath: "reset_username", bound: []methodAction{{"post", "reset_username"}}},
		{name: "reset_username_confirm", urlName: "reset-username-confirm", urlPath: "reset_username_confirm", bound: []methodAction{{"post", "reset_username_confirm"}}},
		{name: "set_password", urlName: "set-password", urlPath: "set_password", bound: []methodAction{{"post", "set_password"}}},
		{name: "set_username", urlName: "set-username", urlPath: "set_username", bound: []methodAction{{"post", "set_username"}}},
	},
}

const djoserViewSetPath = "djoser.views.UserViewSet"

func isLibraryAction(class *python.Class, name string) bool {
	for _, above := range class.MRO {
		for _, known := range libraryActions[above.Path] {
			if known.name == name {
				return true
			}
		}
	}
	return false
}

// viewSetsOfLibraries are viewsets that projects register or inherit from.
func (m *model) viewSetsOfLibraries() []*python.NativeClass {
	users := class(djoserViewSetPath, []string{"rest_framework.viewsets.ModelViewSet"})
	users.Attrs = map[string]python.Value{"lookup_field": python.Str("id")}
	return []*python.NativeClass{users}
}

// aliases are further names of what is modelled here.
var aliases = map[string]string{
	"django.urls.conf":                                   "django.urls",
	"django.conf.urls.include":                           "django.urls.include",
	"django.conf.urls.re_path":                           "django.urls.re_path",
	"django.conf.urls.path":                              "django.urls.path",
	"django.contrib.admin.sites.AdminSite":               "django.contrib.admin.AdminSite",
	"rest_framework_json_api.views.ModelViewSet":         "rest_framework.viewsets.ModelViewSet",
	"rest_framework_json_api.views.ReadOnlyModelViewSet": "rest_framework.viewsets.ReadOnlyModelViewSet",
	"rest_framework_mongoengine.viewsets":                "rest_framework.viewsets",
	"rest_framework_mongoengine.generics":                "rest_framework.generics",
	"rest_framework_mongoengine.routers":                 "rest_framework.routers",
	"rest_framework_bulk.BulkModelViewSet":               "rest_framework_bulk.generics.BulkModelViewSet",
	"adrf.decorators.api_view":                           "rest_framework.decorators.api_view",
	"adrf.views.APIView":                                 "rest_framework.views.APIView",
	"adrf.viewsets":                                      "rest_framework.viewsets",
	"adrf.generics":                                      "rest_framework.generics",
	"adrf.routers":                                       "rest_framework.routers",
	"rest_framework_nested.routers.SimpleRouter":         "rest_framework.routers.SimpleRouter",
	"rest_framework_nested.routers.DefaultRouter":        "rest_framework.routers.DefaultRouter",
	"ninja_extra.controllers.api_controller":             "ninja_extra.api_controller",
	"ninja_extra.controllers.http_get":                   "ninja_extra.http_get",
	"ninja_extra.controllers.route":                      "ninja_extra.route",
	"ninja_extra.controllers.base.api_controller":        "ninja_extra.api_controller",
	"rest_auth.views":                                    "dj_rest_auth.views",
	"rest_auth.registration.views":                       "dj_rest_auth.registration.views",
}
