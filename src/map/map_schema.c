/* SPDX-License-Identifier: MIT */
/*
 * The vendor's schema (mparticle.inbound.eventsapi.schema.json) as data, in its order: every field of a batch and of
 * the data of each event type. Two things are not in the schema: "attribution", which the vendor documents as a
 * custom_event_type, and the flags, which say what a field means to dropfeed.
 */
#include "map_priv.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static const char *const device_orientation_words[] = {
    "portrait", "portrait_upside_down", "landscape", "LandscapeLeft", "LandscapeRight", "FaceUp", "FaceDown", "Square",
    NULL};
static const char *const type_words[] = {"gdpr_change", NULL};
static const char *const custom_event_type_words[] = {"navigation",   "location",        "search", "transaction",
						      "user_content", "user_preference", "social", "other",
						      "media",        "attribution",     NULL};
static const char *const event_type_words[] = {"breadcrumb", NULL};
static const char *const application_transition_type_words[] = {
    "application_initialized", "application_exit", "application_background", "application_foreground", NULL};
static const char *const push_message_type_words[] = {"sent", "received", "action", NULL};
static const char *const application_state_words[] = {"not_running", "background", "foreground", NULL};
static const char *const push_message_behavior_words[] = {"Received",       "DirectOpen", "Read",
							  "InfluencedOpen", "Displayed",  NULL};
static const char *const profile_event_type_words[] = {"signup", "login", "logout", "update", "delete", NULL};
static const char *const action_words[] = {"add_to_cart",     "remove_from_cart",      "checkout", "checkout_option",
					   "click",           "view_detail",           "purchase", "refund",
					   "add_to_wishlist", "remove_from_wish_list", NULL};
static const char *const action2_words[] = {"view", "click", NULL};
static const char *const custom_event_type2_words[] = {"navigation",
						       "location",
						       "search",
						       "transaction",
						       "user_content",
						       "user_preference",
						       "social",
						       "other",
						       "media",
						       "add_to_cart",
						       "remove_from_cart",
						       "checkout",
						       "checkout_option",
						       "click",
						       "view_detail",
						       "purchase",
						       "refund",
						       "promotion_view",
						       "promotion_click",
						       "add_to_wishlist",
						       "remove_from_wishlist",
						       "impression",
						       "attribution",
						       "consent_granted",
						       "consent_denied",
						       NULL};
static const char *const identity_type_words[] = {
    "other",          "customer_id",    "facebook",   "twitter",     "google",
    "microsoft",      "yahoo",          "email",      "alias",       "facebook_custom_audience_id",
    "other_id_2",     "other_id_3",     "other_id_4", "other_id_5",  "other_id_6",
    "other_id_7",     "other_id_8",     "other_id_9", "other_id_10", "mobile_number",
    "phone_number_2", "phone_number_3", NULL};
static const char *const platform_words[] = {"iOS",   "Android",  "web",     "tvOS", "roku", "out_of_band",
					     "alexa", "smart_tv", "fire_tv", "xbox", NULL};
static const char *const att_authorization_status_words[] = {"authorized", "denied", "not_determined", "restricted",
							     NULL};
static const char *const os_words[] = {"IOS",          "Android", "WindowsPhone", "MobileWeb", "UnityIOS",
				       "UnityAndroid", "Desktop", "TVOS",         "Roku",      "OutOfBand",
				       "Alexa",        "SmartTV", "FireTV",       "Xbox",      NULL};
static const char *const environment_words[] = {"development", "production", NULL};
static const char *const channel_words[] = {"native",  "javascript",       "pixel", "desktop",
					    "partner", "server_to_server", NULL};

/* name, type, shape, flags, allowed words, the object itself */
static const struct map_field geo_location_fields[] = {
    {"latitude", MAP_NUMBER, MAP_ONE, MAP_REQUIRED, NULL, NULL},
    {"longitude", MAP_NUMBER, MAP_ONE, MAP_REQUIRED, NULL, NULL},
    {"accuracy", MAP_NUMBER, MAP_ONE, 0, NULL, NULL},
    {"dma_code", MAP_INTEGER, MAP_ONE, 0, NULL, NULL},
    {"country_code", MAP_STRING, MAP_ONE, 0, NULL, NULL},
    {"region_code", MAP_STRING, MAP_ONE, 0, NULL, NULL},
    {"postal_code", MAP_STRING, MAP_ONE, 0, NULL, NULL},
    {"location_source", MAP_STRING, MAP_ONE, 0, NULL, NULL},
    {"city_name", MAP_STRING, MAP_ONE, 0, NULL, NULL},
};
static const struct map_object geo_location = {geo_location_fields, COUNT(geo_location_fields)};

static const struct map_field device_current_state_fields[] = {
    {"time_since_start_ms", MAP_INTEGER, MAP_ONE, 0, NULL, NULL},
    {"battery_level", MAP_NUMBER, MAP_ONE, 0, NULL, NULL},
    {"data_connection_type", MAP_STRING, MAP_ONE, 0, NULL, NULL},
    {"data_connection_type_detail", MAP_STRING, MAP_ONE, 0, NULL, NULL},
    {"gps_state", MAP_BOOLEAN, MAP_ONE, 0, NULL, NULL},
    {"total_system_memory_usage_bytes", MAP_INTEGER, MAP_ONE, 0, NULL, NULL},
    {"disk_space_free_bytes", MAP_INTEGER, MAP_ONE, 0, NULL, NULL},
    {"external_disk_space_free_bytes", MAP_INTEGER, MAP_ONE, 0, NULL, NULL},
    {"cpu", MAP_STRING, MAP_ONE, 0, NULL, NULL},
    {"system_memory_available_bytes", MAP_NUMBER, MAP_ONE, 0, NULL, NULL},
    {"system_memory_low", MAP_BOOLEAN, MAP_ONE, 0, NULL, NULL},
    {"system_memory_threshold_bytes", MAP_NUMBER, MAP_ONE, 0, NULL, NULL},
    {"application_memory_available_bytes", MAP_NUMBER, MAP_ONE, 0, NULL, NULL},
    {"application_memory_max_bytes", MAP_NUMBER, MAP_ONE, 0, NULL, NULL},
    {"application_memory_total_bytes", MAP_NUMBER, MAP_ONE, 0, NULL, NULL},
    {"device_orientation", MAP_ENUM, MAP_ONE, 0, device_orientation_words, NULL},
    {"status_bar_orientation", MAP_ENUM, MAP_ONE, 0, device_orientation_words, NULL},
};
static const struct map_object device_current_state = {device_current_state_fields, COUNT(device_current_state_fields)};

static const struct map_field event_system_notification_info_fields[] = {
    {"type", MAP_ENUM, MAP_ONE, MAP_REQUIRED, type_words, NULL},
};
static const struct map_object event_system_notification_info = {event_system_notification_info_fields,
								 COUNT(event_system_notification_info_fields)};

static const struct map_field data_session_start_fields[] = {
    {"timestamp_unixtime_ms", MAP_INTEGER, MAP_ONE, MAP_INSTANT, NULL, NULL},
    {"event_id", MAP_INTEGER, MAP_ONE, 0, NULL, NULL},
    {"source_message_id", MAP_STRING, MAP_ONE, 0, NULL, NULL},
    {"session_id", MAP_INTEGER, MAP_ONE, 0, NULL, NULL},
    {"session_uuid", MAP_UUID, MAP_ONE, 0, NULL, NULL},
    {"session_start_unixtime_ms", MAP_INTEGER, MAP_ONE, MAP_INSTANT, NULL, NULL},
    {"event_start_unixtime_ms", MAP_INTEGER, MAP_ONE, MAP_INSTANT, NULL, NULL},
    {"custom_attributes", MAP_STRING, MAP_KEYED, MAP_ATTRIBUTES, NULL, NULL},
    {"location", MAP_OBJECT, MAP_ONE, 0, NULL, &geo_location},
    {"device_current_state", MAP_OBJECT, MAP_ONE, 0, NULL, &device_current_state},
    {"is_goal_defined", MAP_BOOLEAN, MAP_ONE, 0, NULL, NULL},
    {"lifetime_value_change", MAP_NUMBER, MAP_ONE, 0, NULL, NULL},
    {"lifetime_value_attribute_name", MAP_STRING, MAP_ONE, 0, NULL, NULL},
    {"data_connection_type", MAP_STRING, MAP_ONE, 0, NULL, NULL},
    {"event_num", MAP_INTEGER, MAP_ONE, 0, NULL, NULL},
    {"view_controller", MAP_STRING, MAP_ONE, 0, NULL, NULL},
    {"is_main_thread", MAP_BOOLEAN, MAP_ONE, 0, NULL, NULL},
    {"canonical_name", MAP_STRING, MAP_ONE, 0, NULL, NULL},
    {"event_system_notification_info", MAP_OBJECT, MAP_ONE, 0, NULL, &event_system_notification_info},
};
static const struct map_object data_session_start = {data_session_start_fields, COUNT(data_session_start_fields)};

static const struct map_field data_session_end_fields[] = {
    {"timestamp_unixtime_ms", MAP_INTEGER, MAP_ONE, MAP_INSTANT, NULL, NULL},
    {"event_id", MAP_INTEGER, MAP_ONE, 0, NULL, NULL},
    {"source_message_id", MAP_STRING, MAP_ONE, 0, NULL, NULL},
    {"session_id", MAP_INTEGER, MAP_ONE, 0, NULL, NULL},
    {"session_uuid", MAP_UUID, MAP_ONE, 0, NULL, NULL},
    {"session_start_unixtime_ms", MAP_INTEGER, MAP_ONE, MAP_INSTANT, NULL, NULL},
    {"event_start_unixtime_ms", MAP_INTEGER, MAP_ONE, MAP_INSTANT, NULL, NULL},
    {"custom_attributes", MAP_STRING, MAP_KEYED, MAP_ATTRIBUTES, NULL, NULL},
    {"location", MAP_OBJECT, MAP_ONE, 0, NULL, &geo_location},
    {"device_current_state", MAP_OBJECT, MAP_ONE, 0, NULL, &device_current_state},
    {"is_goal_defined", MAP_BOOLEAN, MAP_ONE, 0, NULL, NULL},
    {"lifetime_value_change", MAP_NUMBER, MAP_ONE, 0, NULL, NULL},
    {"lifetime_value_attribute_name", MAP_STRING, MAP_ONE, 0, NULL, NULL},
    {"data_connection_type", MAP_STRING, MAP_ONE, 0, NULL, NULL},
    {"event_num", MAP_INTEGER, MAP_ONE, 0, NULL, NULL},
    {"view_controller", MAP_STRING, MAP_ONE, 0, NULL, NULL},
    {"is_main_thread", MAP_BOOLEAN, MAP_ONE, 0, NULL, NULL},
    {"canonical_name", MAP_STRING, MAP_ONE, 0, NULL, NULL},
    {"event_system_notification_info", MAP_OBJECT, MAP_ONE, 0, NULL, &event_system_notification_info},
    {"session_duration_ms", MAP_INTEGER, MAP_ONE, MAP_REQUIRED, NULL, NULL},
};
static const struct map_object data_session_end = {data_session_end_fields, COUNT(data_session_end_fields)};

static const struct map_field data_screen_view_fields[] = {
    {"timestamp_unixtime_ms", MAP_INTEGER, MAP_ONE, MAP_INSTANT, NULL, NULL},
    {"event_id", MAP_INTEGER, MAP_ONE, 0, NULL, NULL},
    {"source_message_id", MAP_STRING, MAP_ONE, 0, NULL, NULL},
    {"session_id", MAP_INTEGER, MAP_ONE, 0, NULL, NULL},
    {"session_uuid", MAP_UUID, MAP_ONE, 0, NULL, NULL},
    {"session_start_unixtime_ms", MAP_INTEGER, MAP_ONE, MAP_INSTANT, NULL, NULL},
    {"event_start_unixtime_ms", MAP_INTEGER, MAP_ONE, MAP_INSTANT, NULL, NULL},
    {"custom_attributes", MAP_STRING, MAP_KEYED, MAP_ATTRIBUTES, NULL, NULL},
    {"location", MAP_OBJECT, MAP_ONE, 0, NULL, &geo_location},
    {"device_current_state", MAP_OBJECT, MAP_ONE, 0, NULL, &device_current_state},
    {"is_goal_defined", MAP_BOOLEAN, MAP_ONE, 0, NULL, NULL},
    {"lifetime_value_change", MAP_NUMBER, MAP_ONE, 0, NULL, NULL},
    {"lifetime_value_attribute_name", MAP_STRING, MAP_ONE, 0, NULL, NULL},
    {"data_connection_type", MAP_STRING, MAP_ONE, 0, NULL, NULL},
    {"event_num", MAP_INTEGER, MAP_ONE, 0, NULL, NULL},
    {"view_controller", MAP_STRING, MAP_ONE, 0, NULL, NULL},
    {"is_main_thread", MAP_BOOLEAN, MAP_ONE, 0, NULL, NULL},
    {"canonical_name", MAP_STRING, MAP_ONE, 0, NULL, NULL},
    {"event_system_notification_info", MAP_OBJECT, MAP_ONE, 0, NULL, &event_system_notification_info},
    {"screen_name", MAP_STRING, MAP_ONE, MAP_REQUIRED, NULL, NULL},
    {"activity_type", MAP_STRING, MAP_ONE, 0, NULL, NULL},
    {"custom_flags", MAP_STRING, MAP_KEYED, 0, NULL, NULL},
};
static const struct map_object data_screen_view = {data_screen_view_fields, COUNT(data_screen_view_fields)};

static const struct map_field data_custom_event_fields[] = {
    {"timestamp_unixtime_ms", MAP_INTEGER, MAP_ONE, MAP_INSTANT, NULL, NULL},
    {"event_id", MAP_INTEGER, MAP_ONE, 0, NULL, NULL},
    {"source_message_id", MAP_STRING, MAP_ONE, 0, NULL, NULL},
    {"session_id", MAP_INTEGER, MAP_ONE, 0, NULL, NULL},
    {"session_uuid", MAP_UUID, MAP_ONE, 0, NULL, NULL},
    {"session_start_unixtime_ms", MAP_INTEGER, MAP_ONE, MAP_INSTANT, NULL, NULL},
    {"event_start_unixtime_ms", MAP_INTEGER, MAP_ONE, MAP_INSTANT, NULL, NULL},
    {"custom_attributes", MAP_STRING, MAP_KEYED, MAP_ATTRIBUTES, NULL, NULL},
    {"location", MAP_OBJECT, MAP_ONE, 0, NULL, &geo_location},
    {"device_current_state", MAP_OBJECT, MAP_ONE, 0, NULL, &device_current_state},
    {"is_goal_defined", MAP_BOOLEAN, MAP_ONE, 0, NULL, NULL},
    {"lifetime_value_change", MAP_NUMBER, MAP_ONE, 0, NULL, NULL},
    {"lifetime_value_attribute_name", MAP_STRING, MAP_ONE, 0, NULL, NULL},
    {"data_connection_type", MAP_STRING, MAP_ONE, 0, NULL, NULL},
    {"event_num", MAP_INTEGER, MAP_ONE, 0, NULL, NULL},
    {"view_controller", MAP_STRING, MAP_ONE, 0, NULL, NULL},
    {"is_main_thread", MAP_BOOLEAN, MAP_ONE, 0, NULL, NULL},
    {"canonical_name", MAP_STRING, MAP_ONE, 0, NULL, NULL},
    {"event_system_notification_info", MAP_OBJECT, MAP_ONE, 0, NULL, &event_system_notification_info},
    {"custom_event_type", MAP_ENUM, MAP_ONE, MAP_REQUIRED, custom_event_type_words, NULL},
    {"event_name", MAP_STRING, MAP_ONE, MAP_REQUIRED | MAP_EVENT_NAME, NULL, NULL},
    {"custom_flags", MAP_STRING, MAP_KEYED, 0, NULL, NULL},
};
static const struct map_object data_custom_event = {data_custom_event_fields, COUNT(data_custom_event_fields)};

static const struct map_field data_breadcrumb_fields[] = {
    {"timestamp_unixtime_ms", MAP_INTEGER, MAP_ONE, MAP_INSTANT, NULL, NULL},
    {"event_id", MAP_INTEGER, MAP_ONE, 0, NULL, NULL},
    {"source_message_id", MAP_STRING, MAP_ONE, 0, NULL, NULL},
    {"session_id", MAP_INTEGER, MAP_ONE, 0, NULL, NULL},
    {"session_uuid", MAP_UUID, MAP_ONE, 0, NULL, NULL},
    {"session_start_unixtime_ms", MAP_INTEGER, MAP_ONE, MAP_INSTANT, NULL, NULL},
    {"event_start_unixtime_ms", MAP_INTEGER, MAP_ONE, MAP_INSTANT, NULL, NULL},
    {"custom_attributes", MAP_STRING, MAP_KEYED, MAP_ATTRIBUTES, NULL, NULL},
    {"location", MAP_OBJECT, MAP_ONE, 0, NULL, &geo_location},
    {"device_current_state", MAP_OBJECT, MAP_ONE, 0, NULL, &device_current_state},
    {"is_goal_defined", MAP_BOOLEAN, MAP_ONE, 0, NULL, NULL},
    {"lifetime_value_change", MAP_NUMBER, MAP_ONE, 0, NULL, NULL},
    {"lifetime_value_attribute_name", MAP_STRING, MAP_ONE, 0, NULL, NULL},
    {"data_connection_type", MAP_STRING, MAP_ONE, 0, NULL, NULL},
    {"event_num", MAP_INTEGER, MAP_ONE, 0, NULL, NULL},
    {"view_controller", MAP_STRING, MAP_ONE, 0, NULL, NULL},
    {"is_main_thread", MAP_BOOLEAN, MAP_ONE, 0, NULL, NULL},
    {"canonical_name", MAP_STRING, MAP_ONE, 0, NULL, NULL},
    {"event_system_notification_info", MAP_OBJECT, MAP_ONE, 0, NULL, &event_system_notification_info},
    {"session_number", MAP_INTEGER, MAP_ONE, 0, NULL, NULL},
    {"label", MAP_STRING, MAP_ONE, MAP_REQUIRED, NULL, NULL},
};
static const struct map_object data_breadcrumb = {data_breadcrumb_fields, COUNT(data_breadcrumb_fields)};

static const struct map_field breadcrumb_event_fields[] = {
    {"data", MAP_OBJECT, MAP_ONE, MAP_REQUIRED, NULL, &data_breadcrumb},
    {"event_type", MAP_ENUM, MAP_ONE, MAP_REQUIRED, event_type_words, NULL},
};
static const struct map_object breadcrumb_event = {breadcrumb_event_fields, COUNT(breadcrumb_event_fields)};

static const struct map_field data_crash_report_fields[] = {
    {"timestamp_unixtime_ms", MAP_INTEGER, MAP_ONE, MAP_INSTANT, NULL, NULL},
    {"event_id", MAP_INTEGER, MAP_ONE, 0, NULL, NULL},
    {"source_message_id", MAP_STRING, MAP_ONE, 0, NULL, NULL},
    {"session_id", MAP_INTEGER, MAP_ONE, 0, NULL, NULL},
    {"session_uuid", MAP_UUID, MAP_ONE, 0, NULL, NULL},
    {"session_start_unixtime_ms", MAP_INTEGER, MAP_ONE, MAP_INSTANT, NULL, NULL},
    {"event_start_unixtime_ms", MAP_INTEGER, MAP_ONE, MAP_INSTANT, NULL, NULL},
    {"custom_attributes", MAP_STRING, MAP_KEYED, MAP_ATTRIBUTES, NULL, NULL},
    {"location", MAP_OBJECT, MAP_ONE, 0, NULL, &geo_location},
    {"device_current_state", MAP_OBJECT, MAP_ONE, 0, NULL, &device_current_state},
    {"is_goal_defined", MAP_BOOLEAN, MAP_ONE, 0, NULL, NULL},
    {"lifetime_value_change", MAP_NUMBER, MAP_ONE, 0, NULL, NULL},
    {"lifetime_value_attribute_name", MAP_STRING, MAP_ONE, 0, NULL, NULL},
    {"data_connection_type", MAP_STRING, MAP_ONE, 0, NULL, NULL},
    {"event_num", MAP_INTEGER, MAP_ONE, 0, NULL, NULL},
    {"view_controller", MAP_STRING, MAP_ONE, 0, NULL, NULL},
    {"is_main_thread", MAP_BOOLEAN, MAP_ONE, 0, NULL, NULL},
    {"canonical_name", MAP_STRING, MAP_ONE, 0, NULL, NULL},
    {"event_system_notification_info", MAP_OBJECT, MAP_ONE, 0, NULL, &event_system_notification_info},
    {"breadcrumbs", MAP_OBJECT, MAP_LIST, 0, NULL, &breadcrumb_event},
    {"class_name", MAP_STRING, MAP_ONE, 0, NULL, NULL},
    {"severity", MAP_STRING, MAP_ONE, MAP_REQUIRED, NULL, NULL},
    {"message", MAP_STRING, MAP_ONE, MAP_REQUIRED, NULL, NULL},
    {"stack_trace", MAP_STRING, MAP_ONE, 0, NULL, NULL},
    {"exception_handled", MAP_BOOLEAN, MAP_ONE, 0, NULL, NULL},
    {"topmost_context", MAP_STRING, MAP_ONE, 0, NULL, NULL},
    {"pl_crash_report_file_base64", MAP_STRING, MAP_ONE, 0, NULL, NULL},
    {"ios_image_base_address", MAP_INTEGER, MAP_ONE, 0, NULL, NULL},
    {"ios_image_size", MAP_INTEGER, MAP_ONE, 0, NULL, NULL},
    {"session_number", MAP_INTEGER, MAP_ONE, 0, NULL, NULL},
};
static const struct map_object data_crash_report = {data_crash_report_fields, COUNT(data_crash_report_fields)};

static const struct map_field data_opt_out_fields[] = {
    {"timestamp_unixtime_ms", MAP_INTEGER, MAP_ONE, MAP_INSTANT, NULL, NULL},
    {"event_id", MAP_INTEGER, MAP_ONE, 0, NULL, NULL},
    {"source_message_id", MAP_STRING, MAP_ONE, 0, NULL, NULL},
    {"session_id", MAP_INTEGER, MAP_ONE, 0, NULL, NULL},
    {"session_uuid", MAP_UUID, MAP_ONE, 0, NULL, NULL},
    {"session_start_unixtime_ms", MAP_INTEGER, MAP_ONE, MAP_INSTANT, NULL, NULL},
    {"event_start_unixtime_ms", MAP_INTEGER, MAP_ONE, MAP_INSTANT, NULL, NULL},
    {"custom_attributes", MAP_STRING, MAP_KEYED, MAP_ATTRIBUTES, NULL, NULL},
    {"location", MAP_OBJECT, MAP_ONE, 0, NULL, &geo_location},
    {"device_current_state", MAP_OBJECT, MAP_ONE, 0, NULL, &device_current_state},
    {"is_goal_defined", MAP_BOOLEAN, MAP_ONE, 0, NULL, NULL},
    {"lifetime_value_change", MAP_NUMBER, MAP_ONE, 0, NULL, NULL},
    {"lifetime_value_attribute_name", MAP_STRING, MAP_ONE, 0, NULL, NULL},
    {"data_connection_type", MAP_STRING, MAP_ONE, 0, NULL, NULL},
    {"event_num", MAP_INTEGER, MAP_ONE, 0, NULL, NULL},
    {"view_controller", MAP_STRING, MAP_ONE, 0, NULL, NULL},
    {"is_main_thread", MAP_BOOLEAN, MAP_ONE, 0, NULL, NULL},
    {"canonical_name", MAP_STRING, MAP_ONE, 0, NULL, NULL},
    {"event_system_notification_info", MAP_OBJECT, MAP_ONE, 0, NULL, &event_system_notification_info},
    {"is_opted_out", MAP_BOOLEAN, MAP_ONE, MAP_REQUIRED, NULL, NULL},
};
static const struct map_object data_opt_out = {data_opt_out_fields, COUNT(data_opt_out_fields)};

static const struct map_field data_first_run_fields[] = {
    {"timestamp_unixtime_ms", MAP_INTEGER, MAP_ONE, MAP_INSTANT, NULL, NULL},
    {"event_id", MAP_INTEGER, MAP_ONE, 0, NULL, NULL},
    {"source_message_id", MAP_STRING, MAP_ONE, 0, NULL, NULL},
    {"session_id", MAP_INTEGER, MAP_ONE, 0, NULL, NULL},
    {"session_uuid", MAP_UUID, MAP_ONE, 0, NULL, NULL},
    {"session_start_unixtime_ms", MAP_INTEGER, MAP_ONE, MAP_INSTANT, NULL, NULL},
    {"event_start_unixtime_ms", MAP_INTEGER, MAP_ONE, MAP_INSTANT, NULL, NULL},
    {"custom_attributes", MAP_STRING, MAP_KEYED, MAP_ATTRIBUTES, NULL, NULL},
    {"location", MAP_OBJECT, MAP_ONE, 0, NULL, &geo_location},
    {"device_current_state", MAP_OBJECT, MAP_ONE, 0, NULL, &device_current_state},
    {"is_goal_defined", MAP_BOOLEAN, MAP_ONE, 0, NULL, NULL},
    {"lifetime_value_change", MAP_NUMBER, MAP_ONE, 0, NULL, NULL},
    {"lifetime_value_attribute_name", MAP_STRING, MAP_ONE, 0, NULL, NULL},
    {"data_connection_type", MAP_STRING, MAP_ONE, 0, NULL, NULL},
    {"event_num", MAP_INTEGER, MAP_ONE, 0, NULL, NULL},
    {"view_controller", MAP_STRING, MAP_ONE, 0, NULL, NULL},
    {"is_main_thread", MAP_BOOLEAN, MAP_ONE, 0, NULL, NULL},
    {"canonical_name", MAP_STRING, MAP_ONE, 0, NULL, NULL},
    {"event_system_notification_info", MAP_OBJECT, MAP_ONE, 0, NULL, &event_system_notification_info},
};
static const struct map_object data_first_run = {data_first_run_fields, COUNT(data_first_run_fields)};

static const struct map_field data_push_registration_fields[] = {
    {"timestamp_unixtime_ms", MAP_INTEGER, MAP_ONE, MAP_INSTANT, NULL, NULL},
    {"event_id", MAP_INTEGER, MAP_ONE, 0, NULL, NULL},
    {"source_message_id", MAP_STRING, MAP_ONE, 0, NULL, NULL},
    {"session_id", MAP_INTEGER, MAP_ONE, 0, NULL, NULL},
    {"session_uuid", MAP_UUID, MAP_ONE, 0, NULL, NULL},
    {"session_start_unixtime_ms", MAP_INTEGER, MAP_ONE, MAP_INSTANT, NULL, NULL},
    {"event_start_unixtime_ms", MAP_INTEGER, MAP_ONE, MAP_INSTANT, NULL, NULL},
    {"custom_attributes", MAP_STRING, MAP_KEYED, MAP_ATTRIBUTES, NULL, NULL},
    {"location", MAP_OBJECT, MAP_ONE, 0, NULL, &geo_location},
    {"device_current_state", MAP_OBJECT, MAP_ONE, 0, NULL, &device_current_state},
    {"is_goal_defined", MAP_BOOLEAN, MAP_ONE, 0, NULL, NULL},
    {"lifetime_value_change", MAP_NUMBER, MAP_ONE, 0, NULL, NULL},
    {"lifetime_value_attribute_name", MAP_STRING, MAP_ONE, 0, NULL, NULL},
    {"data_connection_type", MAP_STRING, MAP_ONE, 0, NULL, NULL},
    {"event_num", MAP_INTEGER, MAP_ONE, 0, NULL, NULL},
    {"view_controller", MAP_STRING, MAP_ONE, 0, NULL, NULL},
    {"is_main_thread", MAP_BOOLEAN, MAP_ONE, 0, NULL, NULL},
    {"canonical_name", MAP_STRING, MAP_ONE, 0, NULL, NULL},
    {"event_system_notification_info", MAP_OBJECT, MAP_ONE, 0, NULL, &event_system_notification_info},
    {"register", MAP_BOOLEAN, MAP_ONE, MAP_REQUIRED, NULL, NULL},
    {"registration_token", MAP_STRING, MAP_ONE, MAP_REQUIRED, NULL, NULL},
};
static const struct map_object data_push_registration = {data_push_registration_fields,
							 COUNT(data_push_registration_fields)};

static const struct map_field data_application_state_transition_fields[] = {
    {"timestamp_unixtime_ms", MAP_INTEGER, MAP_ONE, MAP_INSTANT, NULL, NULL},
    {"event_id", MAP_INTEGER, MAP_ONE, 0, NULL, NULL},
    {"source_message_id", MAP_STRING, MAP_ONE, 0, NULL, NULL},
    {"session_id", MAP_INTEGER, MAP_ONE, 0, NULL, NULL},
    {"session_uuid", MAP_UUID, MAP_ONE, 0, NULL, NULL},
    {"session_start_unixtime_ms", MAP_INTEGER, MAP_ONE, MAP_INSTANT, NULL, NULL},
    {"event_start_unixtime_ms", MAP_INTEGER, MAP_ONE, MAP_INSTANT, NULL, NULL},
    {"custom_attributes", MAP_STRING, MAP_KEYED, MAP_ATTRIBUTES, NULL, NULL},
    {"location", MAP_OBJECT, MAP_ONE, 0, NULL, &geo_location},
    {"device_current_state", MAP_OBJECT, MAP_ONE, 0, NULL, &device_current_state},
    {"is_goal_defined", MAP_BOOLEAN, MAP_ONE, 0, NULL, NULL},
    {"lifetime_value_change", MAP_NUMBER, MAP_ONE, 0, NULL, NULL},
    {"lifetime_value_attribute_name", MAP_STRING, MAP_ONE, 0, NULL, NULL},
    {"data_connection_type", MAP_STRING, MAP_ONE, 0, NULL, NULL},
    {"event_num", MAP_INTEGER, MAP_ONE, 0, NULL, NULL},
    {"view_controller", MAP_STRING, MAP_ONE, 0, NULL, NULL},
    {"is_main_thread", MAP_BOOLEAN, MAP_ONE, 0, NULL, NULL},
    {"canonical_name", MAP_STRING, MAP_ONE, 0, NULL, NULL},
    {"event_system_notification_info", MAP_OBJECT, MAP_ONE, 0, NULL, &event_system_notification_info},
    {"successfully_closed", MAP_BOOLEAN, MAP_ONE, 0, NULL, NULL},
    {"is_first_run", MAP_BOOLEAN, MAP_ONE, 0, NULL, NULL},
    {"is_upgrade", MAP_BOOLEAN, MAP_ONE, 0, NULL, NULL},
    {"push_notification_payload", MAP_STRING, MAP_ONE, 0, NULL, NULL},
    {"launch_referral", MAP_STRING, MAP_ONE, 0, NULL, NULL},
    {"application_transition_type", MAP_ENUM, MAP_ONE, MAP_REQUIRED, application_transition_type_words, NULL},
};
static const struct map_object data_application_state_transition = {data_application_state_transition_fields,
								    COUNT(data_application_state_transition_fields)};

static const struct map_field data_push_message_fields[] = {
    {"timestamp_unixtime_ms", MAP_INTEGER, MAP_ONE, MAP_INSTANT, NULL, NULL},
    {"event_id", MAP_INTEGER, MAP_ONE, 0, NULL, NULL},
    {"source_message_id", MAP_STRING, MAP_ONE, 0, NULL, NULL},
    {"session_id", MAP_INTEGER, MAP_ONE, 0, NULL, NULL},
    {"session_uuid", MAP_UUID, MAP_ONE, 0, NULL, NULL},
    {"session_start_unixtime_ms", MAP_INTEGER, MAP_ONE, MAP_INSTANT, NULL, NULL},
    {"event_start_unixtime_ms", MAP_INTEGER, MAP_ONE, MAP_INSTANT, NULL, NULL},
    {"custom_attributes", MAP_STRING, MAP_KEYED, MAP_ATTRIBUTES, NULL, NULL},
    {"location", MAP_OBJECT, MAP_ONE, 0, NULL, &geo_location},
    {"device_current_state", MAP_OBJECT, MAP_ONE, 0, NULL, &device_current_state},
    {"is_goal_defined", MAP_BOOLEAN, MAP_ONE, 0, NULL, NULL},
    {"lifetime_value_change", MAP_NUMBER, MAP_ONE, 0, NULL, NULL},
    {"lifetime_value_attribute_name", MAP_STRING, MAP_ONE, 0, NULL, NULL},
    {"data_connection_type", MAP_STRING, MAP_ONE, 0, NULL, NULL},
    {"event_num", MAP_INTEGER, MAP_ONE, 0, NULL, NULL},
    {"view_controller", MAP_STRING, MAP_ONE, 0, NULL, NULL},
    {"is_main_thread", MAP_BOOLEAN, MAP_ONE, 0, NULL, NULL},
    {"canonical_name", MAP_STRING, MAP_ONE, 0, NULL, NULL},
    {"event_system_notification_info", MAP_OBJECT, MAP_ONE, 0, NULL, &event_system_notification_info},
    {"push_message_token", MAP_STRING, MAP_ONE, MAP_REQUIRED, NULL, NULL},
    {"push_message_type", MAP_ENUM, MAP_ONE, MAP_REQUIRED, push_message_type_words, NULL},
    {"message", MAP_STRING, MAP_ONE, 0, NULL, NULL},
    {"network", MAP_STRING, MAP_ONE, 0, NULL, NULL},
    {"push_notification_payload", MAP_STRING, MAP_ONE, MAP_REQUIRED, NULL, NULL},
    {"application_state", MAP_ENUM, MAP_ONE, 0, application_state_words, NULL},
    {"action_identifier", MAP_STRING, MAP_ONE, 0, NULL, NULL},
    {"push_message_behavior", MAP_ENUM, MAP_ONE, 0, push_message_behavior_words, NULL},
};
static const struct map_object data_push_message = {data_push_message_fields, COUNT(data_push_message_fields)};

static const struct map_field data_network_performance_fields[] = {
    {"timestamp_unixtime_ms", MAP_INTEGER, MAP_ONE, MAP_INSTANT, NULL, NULL},
    {"event_id", MAP_INTEGER, MAP_ONE, 0, NULL, NULL},
    {"source_message_id", MAP_STRING, MAP_ONE, 0, NULL, NULL},
    {"session_id", MAP_INTEGER, MAP_ONE, 0, NULL, NULL},
    {"session_uuid", MAP_UUID, MAP_ONE, 0, NULL, NULL},
    {"session_start_unixtime_ms", MAP_INTEGER, MAP_ONE, MAP_INSTANT, NULL, NULL},
    {"event_start_unixtime_ms", MAP_INTEGER, MAP_ONE, MAP_INSTANT, NULL, NULL},
    {"custom_attributes", MAP_STRING, MAP_KEYED, MAP_ATTRIBUTES, NULL, NULL},
    {"location", MAP_OBJECT, MAP_ONE, 0, NULL, &geo_location},
    {"device_current_state", MAP_OBJECT, MAP_ONE, 0, NULL, &device_current_state},
    {"is_goal_defined", MAP_BOOLEAN, MAP_ONE, 0, NULL, NULL},
    {"lifetime_value_change", MAP_NUMBER, MAP_ONE, 0, NULL, NULL},
    {"lifetime_value_attribute_name", MAP_STRING, MAP_ONE, 0, NULL, NULL},
    {"data_connection_type", MAP_STRING, MAP_ONE, 0, NULL, NULL},
    {"event_num", MAP_INTEGER, MAP_ONE, 0, NULL, NULL},
    {"view_controller", MAP_STRING, MAP_ONE, 0, NULL, NULL},
    {"is_main_thread", MAP_BOOLEAN, MAP_ONE, 0, NULL, NULL},
    {"canonical_name", MAP_STRING, MAP_ONE, 0, NULL, NULL},
    {"event_system_notification_info", MAP_OBJECT, MAP_ONE, 0, NULL, &event_system_notification_info},
    {"http_verb", MAP_STRING, MAP_ONE, 0, NULL, NULL},
    {"url", MAP_STRING, MAP_ONE, MAP_REQUIRED, NULL, NULL},
    {"time_elapsed", MAP_INTEGER, MAP_ONE, 0, NULL, NULL},
    {"bytes_in", MAP_INTEGER, MAP_ONE, 0, NULL, NULL},
    {"bytes_out", MAP_INTEGER, MAP_ONE, 0, NULL, NULL},
    {"response_code", MAP_INTEGER, MAP_ONE, MAP_REQUIRED, NULL, NULL},
    {"data", MAP_STRING, MAP_ONE, 0, NULL, NULL},
};
static const struct map_object data_network_performance = {data_network_performance_fields,
							   COUNT(data_network_performance_fields)};

static const struct map_field data_profile_fields[] = {
    {"timestamp_unixtime_ms", MAP_INTEGER, MAP_ONE, MAP_INSTANT, NULL, NULL},
    {"event_id", MAP_INTEGER, MAP_ONE, 0, NULL, NULL},
    {"source_message_id", MAP_STRING, MAP_ONE, 0, NULL, NULL},
    {"session_id", MAP_INTEGER, MAP_ONE, 0, NULL, NULL},
    {"session_uuid", MAP_UUID, MAP_ONE, 0, NULL, NULL},
    {"session_start_unixtime_ms", MAP_INTEGER, MAP_ONE, MAP_INSTANT, NULL, NULL},
    {"event_start_unixtime_ms", MAP_INTEGER, MAP_ONE, MAP_INSTANT, NULL, NULL},
    {"custom_attributes", MAP_STRING, MAP_KEYED, MAP_ATTRIBUTES, NULL, NULL},
    {"location", MAP_OBJECT, MAP_ONE, 0, NULL, &geo_location},
    {"device_current_state", MAP_OBJECT, MAP_ONE, 0, NULL, &device_current_state},
    {"is_goal_defined", MAP_BOOLEAN, MAP_ONE, 0, NULL, NULL},
    {"lifetime_value_change", MAP_NUMBER, MAP_ONE, 0, NULL, NULL},
    {"lifetime_value_attribute_name", MAP_STRING, MAP_ONE, 0, NULL, NULL},
    {"data_connection_type", MAP_STRING, MAP_ONE, 0, NULL, NULL},
    {"event_num", MAP_INTEGER, MAP_ONE, 0, NULL, NULL},
    {"view_controller", MAP_STRING, MAP_ONE, 0, NULL, NULL},
    {"is_main_thread", MAP_BOOLEAN, MAP_ONE, 0, NULL, NULL},
    {"canonical_name", MAP_STRING, MAP_ONE, 0, NULL, NULL},
    {"event_system_notification_info", MAP_OBJECT, MAP_ONE, 0, NULL, &event_system_notification_info},
    {"previous_mpid", MAP_INTEGER, MAP_ONE, MAP_REQUIRED, NULL, NULL},
    {"current_mpid", MAP_INTEGER, MAP_ONE, MAP_REQUIRED, NULL, NULL},
    {"profile_event_type", MAP_ENUM, MAP_ONE, MAP_REQUIRED, profile_event_type_words, NULL},
};
static const struct map_object data_profile = {data_profile_fields, COUNT(data_profile_fields)};

static const struct map_field product_fields[] = {
    {"id", MAP_STRING, MAP_ONE, 0, NULL, NULL},
    {"name", MAP_STRING, MAP_ONE, 0, NULL, NULL},
    {"brand", MAP_STRING, MAP_ONE, 0, NULL, NULL},
    {"category", MAP_STRING, MAP_ONE, 0, NULL, NULL},
    {"variant", MAP_STRING, MAP_ONE, 0, NULL, NULL},
    {"position", MAP_INTEGER, MAP_ONE, 0, NULL, NULL},
    {"price", MAP_NUMBER, MAP_ONE, 0, NULL, NULL},
    {"quantity", MAP_NUMBER, MAP_ONE, 0, NULL, NULL},
    {"coupon_code", MAP_STRING, MAP_ONE, 0, NULL, NULL},
    {"added_to_cart_time_ms", MAP_INTEGER, MAP_ONE, MAP_INSTANT, NULL, NULL},
    {"total_product_amount", MAP_NUMBER, MAP_ONE, 0, NULL, NULL},
    {"custom_attributes", MAP_STRING, MAP_KEYED, MAP_ATTRIBUTES, NULL, NULL},
};
static const struct map_object product = {product_fields, COUNT(product_fields)};

static const struct map_field product_action_fields[] = {
    {"action", MAP_ENUM, MAP_ONE, MAP_REQUIRED, action_words, NULL},
    {"checkout_step", MAP_INTEGER, MAP_ONE, 0, NULL, NULL},
    {"checkout_options", MAP_STRING, MAP_ONE, 0, NULL, NULL},
    {"product_action_list", MAP_STRING, MAP_ONE, 0, NULL, NULL},
    {"product_list_source", MAP_STRING, MAP_ONE, 0, NULL, NULL},
    {"transaction_id", MAP_STRING, MAP_ONE, 0, NULL, NULL},
    {"affiliation", MAP_STRING, MAP_ONE, 0, NULL, NULL},
    {"total_amount", MAP_NUMBER, MAP_ONE, 0, NULL, NULL},
    {"tax_amount", MAP_NUMBER, MAP_ONE, 0, NULL, NULL},
    {"shipping_amount", MAP_NUMBER, MAP_ONE, 0, NULL, NULL},
    {"coupon_code", MAP_STRING, MAP_ONE, 0, NULL, NULL},
    {"products", MAP_OBJECT, MAP_LIST, 0, NULL, &product},
};
static const struct map_object product_action = {product_action_fields, COUNT(product_action_fields)};

static const struct map_field promotion_fields[] = {
    {"id", MAP_STRING, MAP_ONE, 0, NULL, NULL},
    {"name", MAP_STRING, MAP_ONE, 0, NULL, NULL},
    {"creative", MAP_STRING, MAP_ONE, 0, NULL, NULL},
    {"position", MAP_STRING, MAP_ONE, 0, NULL, NULL},
};
static const struct map_object promotion = {promotion_fields, COUNT(promotion_fields)};

static const struct map_field promotion_action_fields[] = {
    {"action", MAP_ENUM, MAP_ONE, MAP_REQUIRED, action2_words, NULL},
    {"promotions", MAP_OBJECT, MAP_LIST, 0, NULL, &promotion},
};
static const struct map_object promotion_action = {promotion_action_fields, COUNT(promotion_action_fields)};

static const struct map_field product_impression_fields[] = {
    {"product_impression_list", MAP_STRING, MAP_ONE, MAP_REQUIRED, NULL, NULL},
    {"products", MAP_OBJECT, MAP_LIST, MAP_REQUIRED, NULL, &product},
};
static const struct map_object product_impression = {product_impression_fields, COUNT(product_impression_fields)};

static const struct map_field shopping_cart_fields[] = {
    {"products", MAP_OBJECT, MAP_LIST, MAP_REQUIRED, NULL, &product},
};
static const struct map_object shopping_cart = {shopping_cart_fields, COUNT(shopping_cart_fields)};

static const struct map_field data_commerce_event_fields[] = {
    {"timestamp_unixtime_ms", MAP_INTEGER, MAP_ONE, MAP_INSTANT, NULL, NULL},
    {"event_id", MAP_INTEGER, MAP_ONE, 0, NULL, NULL},
    {"source_message_id", MAP_STRING, MAP_ONE, 0, NULL, NULL},
    {"session_id", MAP_INTEGER, MAP_ONE, 0, NULL, NULL},
    {"session_uuid", MAP_UUID, MAP_ONE, 0, NULL, NULL},
    {"session_start_unixtime_ms", MAP_INTEGER, MAP_ONE, MAP_INSTANT, NULL, NULL},
    {"event_start_unixtime_ms", MAP_INTEGER, MAP_ONE, MAP_INSTANT, NULL, NULL},
    {"custom_attributes", MAP_STRING, MAP_KEYED, MAP_ATTRIBUTES, NULL, NULL},
    {"location", MAP_OBJECT, MAP_ONE, 0, NULL, &geo_location},
    {"device_current_state", MAP_OBJECT, MAP_ONE, 0, NULL, &device_current_state},
    {"is_goal_defined", MAP_BOOLEAN, MAP_ONE, 0, NULL, NULL},
    {"lifetime_value_change", MAP_NUMBER, MAP_ONE, 0, NULL, NULL},
    {"lifetime_value_attribute_name", MAP_STRING, MAP_ONE, 0, NULL, NULL},
    {"data_connection_type", MAP_STRING, MAP_ONE, 0, NULL, NULL},
    {"event_num", MAP_INTEGER, MAP_ONE, 0, NULL, NULL},
    {"view_controller", MAP_STRING, MAP_ONE, 0, NULL, NULL},
    {"is_main_thread", MAP_BOOLEAN, MAP_ONE, 0, NULL, NULL},
    {"canonical_name", MAP_STRING, MAP_ONE, 0, NULL, NULL},
    {"event_system_notification_info", MAP_OBJECT, MAP_ONE, 0, NULL, &event_system_notification_info},
    {"product_action", MAP_OBJECT, MAP_ONE, 0, NULL, &product_action},
    {"promotion_action", MAP_OBJECT, MAP_ONE, 0, NULL, &promotion_action},
    {"product_impressions", MAP_OBJECT, MAP_LIST, 0, NULL, &product_impression},
    {"shopping_cart", MAP_OBJECT, MAP_ONE, 0, NULL, &shopping_cart},
    {"currency_code", MAP_STRING, MAP_ONE, 0, NULL, NULL},
    {"screen_name", MAP_STRING, MAP_ONE, 0, NULL, NULL},
    {"is_non_interactive", MAP_BOOLEAN, MAP_ONE, 0, NULL, NULL},
    {"event_name", MAP_STRING, MAP_ONE, MAP_EVENT_NAME, NULL, NULL},
    {"custom_event_type", MAP_ENUM, MAP_ONE, 0, custom_event_type2_words, NULL},
    {"custom_flags", MAP_STRING, MAP_KEYED, 0, NULL, NULL},
};
static const struct map_object data_commerce_event = {data_commerce_event_fields, COUNT(data_commerce_event_fields)};

static const struct map_field data_user_attribute_change_fields[] = {
    {"timestamp_unixtime_ms", MAP_INTEGER, MAP_ONE, MAP_INSTANT, NULL, NULL},
    {"event_id", MAP_INTEGER, MAP_ONE, 0, NULL, NULL},
    {"source_message_id", MAP_STRING, MAP_ONE, 0, NULL, NULL},
    {"session_id", MAP_INTEGER, MAP_ONE, 0, NULL, NULL},
    {"session_uuid", MAP_UUID, MAP_ONE, 0, NULL, NULL},
    {"session_start_unixtime_ms", MAP_INTEGER, MAP_ONE, MAP_INSTANT, NULL, NULL},
    {"event_start_unixtime_ms", MAP_INTEGER, MAP_ONE, MAP_INSTANT, NULL, NULL},
    {"custom_attributes", MAP_STRING, MAP_KEYED, MAP_ATTRIBUTES, NULL, NULL},
    {"location", MAP_OBJECT, MAP_ONE, 0, NULL, &geo_location},
    {"device_current_state", MAP_OBJECT, MAP_ONE, 0, NULL, &device_current_state},
    {"is_goal_defined", MAP_BOOLEAN, MAP_ONE, 0, NULL, NULL},
    {"lifetime_value_change", MAP_NUMBER, MAP_ONE, 0, NULL, NULL},
    {"lifetime_value_attribute_name", MAP_STRING, MAP_ONE, 0, NULL, NULL},
    {"data_connection_type", MAP_STRING, MAP_ONE, 0, NULL, NULL},
    {"event_num", MAP_INTEGER, MAP_ONE, 0, NULL, NULL},
    {"view_controller", MAP_STRING, MAP_ONE, 0, NULL, NULL},
    {"is_main_thread", MAP_BOOLEAN, MAP_ONE, 0, NULL, NULL},
    {"canonical_name", MAP_STRING, MAP_ONE, 0, NULL, NULL},
    {"event_system_notification_info", MAP_OBJECT, MAP_ONE, 0, NULL, &event_system_notification_info},
    {"user_attribute_name", MAP_STRING, MAP_ONE, MAP_REQUIRED, NULL, NULL},
    {"new", MAP_STRINGS, MAP_ONE, 0, NULL, NULL},
    {"old", MAP_STRINGS, MAP_ONE, 0, NULL, NULL},
    {"deleted", MAP_BOOLEAN, MAP_ONE, 0, NULL, NULL},
    {"is_new_attribute", MAP_BOOLEAN, MAP_ONE, 0, NULL, NULL},
};
static const struct map_object data_user_attribute_change = {data_user_attribute_change_fields,
							     COUNT(data_user_attribute_change_fields)};

static const struct map_field user_identity_fields[] = {
    {"identity_type", MAP_ENUM, MAP_ONE, MAP_REQUIRED, identity_type_words, NULL},
    {"identity", MAP_STRING, MAP_ONE, MAP_REQUIRED, NULL, NULL},
    {"timestamp_unixtime_ms", MAP_INTEGER, MAP_ONE, MAP_REQUIRED | MAP_INSTANT, NULL, NULL},
    {"created_this_batch", MAP_BOOLEAN, MAP_ONE, 0, NULL, NULL},
};
static const struct map_object user_identity = {user_identity_fields, COUNT(user_identity_fields)};

static const struct map_field data_user_identity_change_fields[] = {
    {"timestamp_unixtime_ms", MAP_INTEGER, MAP_ONE, MAP_INSTANT, NULL, NULL},
    {"event_id", MAP_INTEGER, MAP_ONE, 0, NULL, NULL},
    {"source_message_id", MAP_STRING, MAP_ONE, 0, NULL, NULL},
    {"session_id", MAP_INTEGER, MAP_ONE, 0, NULL, NULL},
    {"session_uuid", MAP_UUID, MAP_ONE, 0, NULL, NULL},
    {"session_start_unixtime_ms", MAP_INTEGER, MAP_ONE, MAP_INSTANT, NULL, NULL},
    {"event_start_unixtime_ms", MAP_INTEGER, MAP_ONE, MAP_INSTANT, NULL, NULL},
    {"custom_attributes", MAP_STRING, MAP_KEYED, MAP_ATTRIBUTES, NULL, NULL},
    {"location", MAP_OBJECT, MAP_ONE, 0, NULL, &geo_location},
    {"device_current_state", MAP_OBJECT, MAP_ONE, 0, NULL, &device_current_state},
    {"is_goal_defined", MAP_BOOLEAN, MAP_ONE, 0, NULL, NULL},
    {"lifetime_value_change", MAP_NUMBER, MAP_ONE, 0, NULL, NULL},
    {"lifetime_value_attribute_name", MAP_STRING, MAP_ONE, 0, NULL, NULL},
    {"data_connection_type", MAP_STRING, MAP_ONE, 0, NULL, NULL},
    {"event_num", MAP_INTEGER, MAP_ONE, 0, NULL, NULL},
    {"view_controller", MAP_STRING, MAP_ONE, 0, NULL, NULL},
    {"is_main_thread", MAP_BOOLEAN, MAP_ONE, 0, NULL, NULL},
    {"canonical_name", MAP_STRING, MAP_ONE, 0, NULL, NULL},
    {"event_system_notification_info", MAP_OBJECT, MAP_ONE, 0, NULL, &event_system_notification_info},
    {"new", MAP_OBJECT, MAP_ONE, MAP_REQUIRED, NULL, &user_identity},
    {"old", MAP_OBJECT, MAP_ONE, MAP_REQUIRED, NULL, &user_identity},
};
static const struct map_object data_user_identity_change = {data_user_identity_change_fields,
							    COUNT(data_user_identity_change_fields)};

static const struct map_field data_uninstall_fields[] = {
    {"timestamp_unixtime_ms", MAP_INTEGER, MAP_ONE, MAP_INSTANT, NULL, NULL},
    {"event_id", MAP_INTEGER, MAP_ONE, 0, NULL, NULL},
    {"source_message_id", MAP_STRING, MAP_ONE, 0, NULL, NULL},
    {"session_id", MAP_INTEGER, MAP_ONE, 0, NULL, NULL},
    {"session_uuid", MAP_UUID, MAP_ONE, 0, NULL, NULL},
    {"session_start_unixtime_ms", MAP_INTEGER, MAP_ONE, MAP_INSTANT, NULL, NULL},
    {"event_start_unixtime_ms", MAP_INTEGER, MAP_ONE, MAP_INSTANT, NULL, NULL},
    {"custom_attributes", MAP_STRING, MAP_KEYED, MAP_ATTRIBUTES, NULL, NULL},
    {"location", MAP_OBJECT, MAP_ONE, 0, NULL, &geo_location},
    {"device_current_state", MAP_OBJECT, MAP_ONE, 0, NULL, &device_current_state},
    {"is_goal_defined", MAP_BOOLEAN, MAP_ONE, 0, NULL, NULL},
    {"lifetime_value_change", MAP_NUMBER, MAP_ONE, 0, NULL, NULL},
    {"lifetime_value_attribute_name", MAP_STRING, MAP_ONE, 0, NULL, NULL},
    {"data_connection_type", MAP_STRING, MAP_ONE, 0, NULL, NULL},
    {"event_num", MAP_INTEGER, MAP_ONE, 0, NULL, NULL},
    {"view_controller", MAP_STRING, MAP_ONE, 0, NULL, NULL},
    {"is_main_thread", MAP_BOOLEAN, MAP_ONE, 0, NULL, NULL},
    {"canonical_name", MAP_STRING, MAP_ONE, 0, NULL, NULL},
    {"event_system_notification_info", MAP_OBJECT, MAP_ONE, 0, NULL, &event_system_notification_info},
};
static const struct map_object data_uninstall = {data_uninstall_fields, COUNT(data_uninstall_fields)};

static const struct map_field device_information_fields[] = {
    {"brand", MAP_STRING, MAP_ONE, 0, NULL, NULL},
    {"product", MAP_STRING, MAP_ONE, 0, NULL, NULL},
    {"device", MAP_STRING, MAP_ONE, 0, NULL, NULL},
    {"android_uuid", MAP_STRING, MAP_ONE, MAP_ID, NULL, NULL},
    {"device_manufacturer", MAP_STRING, MAP_ONE, 0, NULL, NULL},
    {"platform", MAP_ENUM, MAP_ONE, 0, platform_words, NULL},
    {"os_version", MAP_STRING, MAP_ONE, 0, NULL, NULL},
    {"device_model", MAP_STRING, MAP_ONE, 0, NULL, NULL},
    {"screen_height", MAP_INTEGER, MAP_ONE, 0, NULL, NULL},
    {"screen_width", MAP_INTEGER, MAP_ONE, 0, NULL, NULL},
    {"screen_dpi", MAP_INTEGER, MAP_ONE, 0, NULL, NULL},
    {"device_country", MAP_STRING, MAP_ONE, 0, NULL, NULL},
    {"locale_language", MAP_STRING, MAP_ONE, 0, NULL, NULL},
    {"locale_country", MAP_STRING, MAP_ONE, 0, NULL, NULL},
    {"network_country", MAP_STRING, MAP_ONE, 0, NULL, NULL},
    {"network_carrier", MAP_STRING, MAP_ONE, 0, NULL, NULL},
    {"network_code", MAP_STRING, MAP_ONE, 0, NULL, NULL},
    {"network_mobile_country_code", MAP_STRING, MAP_ONE, 0, NULL, NULL},
    {"timezone_offset", MAP_INTEGER, MAP_ONE, 0, NULL, NULL},
    {"build_identifier", MAP_STRING, MAP_ONE, 0, NULL, NULL},
    {"http_header_user_agent", MAP_STRING, MAP_ONE, 0, NULL, NULL},
    {"ios_advertising_id", MAP_UUID, MAP_ONE, MAP_ID, NULL, NULL},
    {"att_authorization_status", MAP_ENUM, MAP_ONE, 0, att_authorization_status_words, NULL},
    {"att_timestamp_unixtime_ms", MAP_INTEGER, MAP_ONE, MAP_INSTANT, NULL, NULL},
    {"push_token", MAP_STRING, MAP_ONE, 0, NULL, NULL},
    {"cpu_architecture", MAP_STRING, MAP_ONE, 0, NULL, NULL},
    {"is_tablet", MAP_BOOLEAN, MAP_ONE, 0, NULL, NULL},
    {"push_notification_sound_enabled", MAP_BOOLEAN, MAP_ONE, 0, NULL, NULL},
    {"push_notification_vibrate_enabled", MAP_BOOLEAN, MAP_ONE, 0, NULL, NULL},
    {"radio_access_technology", MAP_STRING, MAP_ONE, 0, NULL, NULL},
    {"supports_telephony", MAP_BOOLEAN, MAP_ONE, 0, NULL, NULL},
    {"has_nfc", MAP_BOOLEAN, MAP_ONE, 0, NULL, NULL},
    {"bluetooth_enabled", MAP_BOOLEAN, MAP_ONE, 0, NULL, NULL},
    {"bluetooth_version", MAP_STRING, MAP_ONE, 0, NULL, NULL},
    {"ios_idfv", MAP_UUID, MAP_ONE, MAP_ID, NULL, NULL},
    {"android_advertising_id", MAP_UUID, MAP_ONE, MAP_ID, NULL, NULL},
    {"build_version_release", MAP_STRING, MAP_ONE, 0, NULL, NULL},
    {"limit_ad_tracking", MAP_BOOLEAN, MAP_ONE, 0, NULL, NULL},
    {"amp_id", MAP_STRING, MAP_ONE, 0, NULL, NULL},
    {"is_dst", MAP_BOOLEAN, MAP_ONE, 0, NULL, NULL},
    {"roku_advertising_id", MAP_UUID, MAP_ONE, MAP_ID, NULL, NULL},
    {"roku_publisher_id", MAP_UUID, MAP_ONE, MAP_ID, NULL, NULL},
    {"microsoft_advertising_id", MAP_STRING, MAP_ONE, MAP_ID, NULL, NULL},
    {"microsoft_publisher_id", MAP_STRING, MAP_ONE, 0, NULL, NULL},
    {"fire_advertising_id", MAP_UUID, MAP_ONE, MAP_ID, NULL, NULL},
};
static const struct map_object device_information = {device_information_fields, COUNT(device_information_fields)};

static const struct map_field application_information_fields[] = {
    {"application_name", MAP_STRING, MAP_ONE, 0, NULL, NULL},
    {"application_version", MAP_STRING, MAP_ONE, 0, NULL, NULL},
    {"application_build_number", MAP_STRING, MAP_ONE, 0, NULL, NULL},
    {"install_referrer", MAP_STRING, MAP_ONE, 0, NULL, NULL},
    {"package", MAP_STRING, MAP_ONE, 0, NULL, NULL},
    {"os", MAP_ENUM, MAP_ONE, 0, os_words, NULL},
    {"apple_search_ads_attributes", MAP_KEYS, MAP_KEYED, 0, NULL, NULL},
};
static const struct map_object application_information = {application_information_fields,
							  COUNT(application_information_fields)};

static const struct map_field user_identities_fields[] = {
    {"other", MAP_STRING, MAP_ONE, MAP_ID, NULL, NULL},
    {"customer_id", MAP_STRING, MAP_ONE, MAP_ID, NULL, NULL},
    {"facebook", MAP_STRING, MAP_ONE, MAP_ID, NULL, NULL},
    {"twitter", MAP_STRING, MAP_ONE, MAP_ID, NULL, NULL},
    {"google", MAP_STRING, MAP_ONE, MAP_ID, NULL, NULL},
    {"microsoft", MAP_STRING, MAP_ONE, MAP_ID, NULL, NULL},
    {"yahoo", MAP_STRING, MAP_ONE, MAP_ID, NULL, NULL},
    {"email", MAP_STRING, MAP_ONE, MAP_ID, NULL, NULL},
    {"alias", MAP_STRING, MAP_ONE, MAP_ID, NULL, NULL},
    {"facebook_custom_audience_id", MAP_STRING, MAP_ONE, MAP_ID, NULL, NULL},
    {"other_id_2", MAP_STRING, MAP_ONE, MAP_ID, NULL, NULL},
    {"other_id_3", MAP_STRING, MAP_ONE, MAP_ID, NULL, NULL},
    {"other_id_4", MAP_STRING, MAP_ONE, MAP_ID, NULL, NULL},
    {"other_id_5", MAP_STRING, MAP_ONE, MAP_ID, NULL, NULL},
    {"other_id_6", MAP_STRING, MAP_ONE, MAP_ID, NULL, NULL},
    {"other_id_7", MAP_STRING, MAP_ONE, MAP_ID, NULL, NULL},
    {"other_id_8", MAP_STRING, MAP_ONE, MAP_ID, NULL, NULL},
    {"other_id_9", MAP_STRING, MAP_ONE, MAP_ID, NULL, NULL},
    {"other_id_10", MAP_STRING, MAP_ONE, MAP_ID, NULL, NULL},
    {"mobile_number", MAP_STRING, MAP_ONE, MAP_ID, NULL, NULL},
    {"phone_number_2", MAP_STRING, MAP_ONE, MAP_ID, NULL, NULL},
    {"phone_number_3", MAP_STRING, MAP_ONE, MAP_ID, NULL, NULL},
};
static const struct map_object user_identities = {user_identities_fields, COUNT(user_identities_fields)};

static const struct map_field data_plan_context_fields[] = {
    {"plan_id", MAP_STRING, MAP_ONE, MAP_REQUIRED, NULL, NULL},
    {"plan_version", MAP_INTEGER, MAP_ONE, 0, NULL, NULL},
};
static const struct map_object data_plan_context = {data_plan_context_fields, COUNT(data_plan_context_fields)};

static const struct map_field batch_context_fields[] = {
    {"data_plan", MAP_OBJECT, MAP_ONE, 0, NULL, &data_plan_context},
    {"location", MAP_OBJECT, MAP_ONE, 0, NULL, &geo_location},
};
static const struct map_object batch_context = {batch_context_fields, COUNT(batch_context_fields)};

static const struct map_field source_information_fields[] = {
    {"channel", MAP_ENUM, MAP_ONE, MAP_REQUIRED, channel_words, NULL},
    {"partner", MAP_STRING, MAP_ONE, 0, NULL, NULL},
    {"replay_request_id", MAP_STRING, MAP_ONE, 0, NULL, NULL},
    {"replay_job_id", MAP_STRING, MAP_ONE, 0, NULL, NULL},
    {"is_historical", MAP_BOOLEAN, MAP_ONE, 0, NULL, NULL},
};
static const struct map_object source_information = {source_information_fields, COUNT(source_information_fields)};

static const struct map_field attribution_info_fields[] = {
    {"service_provider", MAP_STRING, MAP_ONE, MAP_REQUIRED, NULL, NULL},
    {"publisher", MAP_STRING, MAP_ONE, MAP_REQUIRED, NULL, NULL},
    {"campaign", MAP_STRING, MAP_ONE, MAP_REQUIRED, NULL, NULL},
};
static const struct map_object attribution_info = {attribution_info_fields, COUNT(attribution_info_fields)};

static const struct map_field gdpr_consent_purpose_fields[] = {
    {"regulation", MAP_STRING, MAP_ONE, 0, NULL, NULL},
    {"document", MAP_STRING, MAP_ONE, 0, NULL, NULL},
    {"consented", MAP_BOOLEAN, MAP_ONE, MAP_REQUIRED, NULL, NULL},
    {"timestamp_unixtime_ms", MAP_INTEGER, MAP_ONE, MAP_REQUIRED | MAP_INSTANT, NULL, NULL},
    {"location", MAP_STRING, MAP_ONE, 0, NULL, NULL},
    {"hardware_id", MAP_STRING, MAP_ONE, 0, NULL, NULL},
};
static const struct map_object gdpr_consent_purpose = {gdpr_consent_purpose_fields, COUNT(gdpr_consent_purpose_fields)};

static const struct map_field ccpa_consent_purpose_fields[] = {
    {"regulation", MAP_STRING, MAP_ONE, 0, NULL, NULL},
    {"document", MAP_STRING, MAP_ONE, 0, NULL, NULL},
    {"consented", MAP_BOOLEAN, MAP_ONE, MAP_REQUIRED, NULL, NULL},
    {"timestamp_unixtime_ms", MAP_INTEGER, MAP_ONE, MAP_REQUIRED | MAP_INSTANT, NULL, NULL},
    {"location", MAP_STRING, MAP_ONE, 0, NULL, NULL},
    {"hardware_id", MAP_STRING, MAP_ONE, 0, NULL, NULL},
};
static const struct map_object ccpa_consent_purpose = {ccpa_consent_purpose_fields, COUNT(ccpa_consent_purpose_fields)};

static const struct map_field consent_state_fields[] = {
    {"gdpr", MAP_OBJECT, MAP_KEYED, 0, NULL, &gdpr_consent_purpose},
    {"ccpa", MAP_OBJECT, MAP_KEYED, 0, NULL, &ccpa_consent_purpose},
};
static const struct map_object consent_state = {consent_state_fields, COUNT(consent_state_fields)};

static const struct map_field batch_fields[] = {
    {"source_request_id", MAP_STRING, MAP_ONE, 0, NULL, NULL},
    {"device_info", MAP_OBJECT, MAP_ONE, 0, NULL, &device_information},
    {"application_info", MAP_OBJECT, MAP_ONE, 0, NULL, &application_information},
    {"user_attributes", MAP_STRINGS, MAP_KEYED, MAP_ATTRIBUTES, NULL, NULL},
    {"deleted_user_attributes", MAP_STRING, MAP_LIST, 0, NULL, NULL},
    {"user_identities", MAP_OBJECT, MAP_ONE, 0, NULL, &user_identities},
    {"environment", MAP_ENUM, MAP_ONE, MAP_REQUIRED, environment_words, NULL},
    {"api_key", MAP_STRING, MAP_ONE, MAP_SECRET, NULL, NULL},
    {"api_keys", MAP_STRING, MAP_LIST, MAP_SECRET, NULL, NULL},
    {"ip", MAP_IP, MAP_ONE, 0, NULL, NULL},
    {"integration_attributes", MAP_KEYS, MAP_KEYED, 0, NULL, NULL},
    {"context", MAP_OBJECT, MAP_ONE, 0, NULL, &batch_context},
    {"partner_identity", MAP_STRING, MAP_ONE, 0, NULL, NULL},
    {"partner_identities", MAP_STRING, MAP_KEYED, 0, NULL, NULL},
    {"source_info", MAP_OBJECT, MAP_ONE, 0, NULL, &source_information},
    {"mp_deviceid", MAP_UUID, MAP_ONE, 0, NULL, NULL},
    {"attribution_info", MAP_OBJECT, MAP_ONE, 0, NULL, &attribution_info},
    {"timestamp_unixtime_ms", MAP_INTEGER, MAP_ONE, MAP_INSTANT | MAP_UNWANTED, NULL, NULL},
    {"batch_id", MAP_INTEGER, MAP_ONE, 0, NULL, NULL},
    {"mpid", MAP_INTEGER, MAP_ONE, MAP_ID, NULL, NULL},
    {"origin_mpid", MAP_INTEGER, MAP_ONE, 0, NULL, NULL},
    {"sdk_version", MAP_STRING, MAP_ONE, 0, NULL, NULL},
    {"consent_state", MAP_OBJECT, MAP_ONE, 0, NULL, &consent_state},
    {"job_id", MAP_STRING, MAP_ONE, 0, NULL, NULL},
};
const struct map_object map_batch = {batch_fields, COUNT(batch_fields)};

const struct map_event map_events[] = {
    {"session_start", &data_session_start},
    {"session_end", &data_session_end},
    {"screen_view", &data_screen_view},
    {"custom_event", &data_custom_event},
    {"crash_report", &data_crash_report},
    {"opt_out", &data_opt_out},
    {"first_run", &data_first_run},
    {"push_registration", &data_push_registration},
    {"application_state_transition", &data_application_state_transition},
    {"push_message", &data_push_message},
    {"network_performance", &data_network_performance},
    {"breadcrumb", &data_breadcrumb},
    {"profile", &data_profile},
    {"commerce_event", &data_commerce_event},
    {"user_attribute_change", &data_user_attribute_change},
    {"user_identity_change", &data_user_identity_change},
    {"uninstall", &data_uninstall},
    {"eventless", NULL},
};
const size_t map_n_events = COUNT(map_events);
