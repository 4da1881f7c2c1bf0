/* SPDX-License-Identifier: MIT */
/*
 * The vendor's schema (mparticle.inbound.eventsapi.schema.json) as data, in its order: every field
 * of a batch and of the data of each event type. Two things are not in the schema: "attribution",
 * which the vendor documents as a custom_event_type, and the flags, which say what a field means to
 * dropfeed.
 */
#include "dropfeed/schema.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static const char *const device_orientation_words[] = {"portrait",
						       "portrait_upside_down",
						       "landscape",
						       "LandscapeLeft",
						       "LandscapeRight",
						       "FaceUp",
						       "FaceDown",
						       "Square",
						       NULL};
static const char *const type_words[] = {"gdpr_change", NULL};
const char *const schema_custom_event_types[] = {
    "navigation",   "location",        "search", "transaction",
    "user_content", "user_preference", "social", "other",
    "media",        "attribution",     NULL};
static const char *const event_type_words[] = {"breadcrumb", NULL};
static const char *const application_transition_type_words[] = {
    "application_initialized", "application_exit", "application_background",
    "application_foreground", NULL};
static const char *const push_message_type_words[] = {"sent", "received", "action", NULL};
static const char *const application_state_words[] = {"not_running", "background", "foreground",
						      NULL};
static const char *const push_message_behavior_words[] = {"Received",       "DirectOpen", "Read",
							  "InfluencedOpen", "Displayed",  NULL};
static const char *const profile_event_type_words[] = {"signup", "login",  "logout",
						       "update", "delete", NULL};
static const char *const action_words[] = {
    "add_to_cart",     "remove_from_cart",      "checkout", "checkout_option",
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
static const char *const platform_words[] = {"iOS",     "Android",     "web",   "tvOS",
					     "roku",    "out_of_band", "alexa", "smart_tv",
					     "fire_tv", "xbox",        NULL};
static const char *const att_authorization_status_words[] = {"authorized", "denied",
							     "not_determined", "restricted", NULL};
static const char *const os_words[] = {
    "IOS",  "Android",   "WindowsPhone", "MobileWeb", "UnityIOS", "UnityAndroid", "Desktop", "TVOS",
    "Roku", "OutOfBand", "Alexa",        "SmartTV",   "FireTV",   "Xbox",         NULL};
const char *const schema_environments[] = {"development", "production", NULL};
static const char *const channel_words[] = {"native",  "javascript",       "pixel", "desktop",
					    "partner", "server_to_server", NULL};

/* name, type, shape, flags, allowed words, the object itself */
static const struct schema_field geo_location_fields[] = {
    {"latitude", SCHEMA_NUMBER, SCHEMA_ONE, SCHEMA_REQUIRED, NULL, NULL},
    {"longitude", SCHEMA_NUMBER, SCHEMA_ONE, SCHEMA_REQUIRED, NULL, NULL},
    {"accuracy", SCHEMA_NUMBER, SCHEMA_ONE, 0, NULL, NULL},
    {"dma_code", SCHEMA_INTEGER, SCHEMA_ONE, 0, NULL, NULL},
    {"country_code", SCHEMA_STRING, SCHEMA_ONE, 0, NULL, NULL},
    {"region_code", SCHEMA_STRING, SCHEMA_ONE, 0, NULL, NULL},
    {"postal_code", SCHEMA_STRING, SCHEMA_ONE, 0, NULL, NULL},
    {"location_source", SCHEMA_STRING, SCHEMA_ONE, 0, NULL, NULL},
    {"city_name", SCHEMA_STRING, SCHEMA_ONE, 0, NULL, NULL},
};
static const struct schema_object geo_location = {geo_location_fields, COUNT(geo_location_fields)};

static const struct schema_field device_current_state_fields[] = {
    {"time_since_start_ms", SCHEMA_INTEGER, SCHEMA_ONE, 0, NULL, NULL},
    {"battery_level", SCHEMA_NUMBER, SCHEMA_ONE, 0, NULL, NULL},
    {"data_connection_type", SCHEMA_STRING, SCHEMA_ONE, 0, NULL, NULL},
    {"data_connection_type_detail", SCHEMA_STRING, SCHEMA_ONE, 0, NULL, NULL},
    {"gps_state", SCHEMA_BOOLEAN, SCHEMA_ONE, 0, NULL, NULL},
    {"total_system_memory_usage_bytes", SCHEMA_INTEGER, SCHEMA_ONE, 0, NULL, NULL},
    {"disk_space_free_bytes", SCHEMA_INTEGER, SCHEMA_ONE, 0, NULL, NULL},
    {"external_disk_space_free_bytes", SCHEMA_INTEGER, SCHEMA_ONE, 0, NULL, NULL},
    {"cpu", SCHEMA_STRING, SCHEMA_ONE, 0, NULL, NULL},
    {"system_memory_available_bytes", SCHEMA_NUMBER, SCHEMA_ONE, 0, NULL, NULL},
    {"system_memory_low", SCHEMA_BOOLEAN, SCHEMA_ONE, 0, NULL, NULL},
    {"system_memory_threshold_bytes", SCHEMA_NUMBER, SCHEMA_ONE, 0, NULL, NULL},
    {"application_memory_available_bytes", SCHEMA_NUMBER, SCHEMA_ONE, 0, NULL, NULL},
    {"application_memory_max_bytes", SCHEMA_NUMBER, SCHEMA_ONE, 0, NULL, NULL},
    {"application_memory_total_bytes", SCHEMA_NUMBER, SCHEMA_ONE, 0, NULL, NULL},
    {"device_orientation", SCHEMA_ENUM, SCHEMA_ONE, 0, device_orientation_words, NULL},
    {"status_bar_orientation", SCHEMA_ENUM, SCHEMA_ONE, 0, device_orientation_words, NULL},
};
static const struct schema_object device_current_state = {device_current_state_fields,
							  COUNT(device_current_state_fields)};

static const struct schema_field event_system_notification_info_fields[] = {
    {"type", SCHEMA_ENUM, SCHEMA_ONE, SCHEMA_REQUIRED, type_words, NULL},
};
static const struct schema_object event_system_notification_info = {
    event_system_notification_info_fields, COUNT(event_system_notification_info_fields)};

static const struct schema_field data_session_start_fields[] = {
    {"timestamp_unixtime_ms", SCHEMA_INTEGER, SCHEMA_ONE, SCHEMA_INSTANT, NULL, NULL},
    {"event_id", SCHEMA_INTEGER, SCHEMA_ONE, 0, NULL, NULL},
    {"source_message_id", SCHEMA_STRING, SCHEMA_ONE, 0, NULL, NULL},
    {"session_id", SCHEMA_INTEGER, SCHEMA_ONE, 0, NULL, NULL},
    {"session_uuid", SCHEMA_UUID, SCHEMA_ONE, 0, NULL, NULL},
    {"session_start_unixtime_ms", SCHEMA_INTEGER, SCHEMA_ONE, SCHEMA_INSTANT, NULL, NULL},
    {"event_start_unixtime_ms", SCHEMA_INTEGER, SCHEMA_ONE, SCHEMA_INSTANT, NULL, NULL},
    {"custom_attributes", SCHEMA_STRING, SCHEMA_KEYED, SCHEMA_ATTRIBUTES, NULL, NULL},
    {"location", SCHEMA_OBJECT, SCHEMA_ONE, 0, NULL, &geo_location},
    {"device_current_state", SCHEMA_OBJECT, SCHEMA_ONE, 0, NULL, &device_current_state},
    {"is_goal_defined", SCHEMA_BOOLEAN, SCHEMA_ONE, 0, NULL, NULL},
    {"lifetime_value_change", SCHEMA_NUMBER, SCHEMA_ONE, 0, NULL, NULL},
    {"lifetime_value_attribute_name", SCHEMA_STRING, SCHEMA_ONE, 0, NULL, NULL},
    {"data_connection_type", SCHEMA_STRING, SCHEMA_ONE, 0, NULL, NULL},
    {"event_num", SCHEMA_INTEGER, SCHEMA_ONE, 0, NULL, NULL},
    {"view_controller", SCHEMA_STRING, SCHEMA_ONE, 0, NULL, NULL},
    {"is_main_thread", SCHEMA_BOOLEAN, SCHEMA_ONE, 0, NULL, NULL},
    {"canonical_name", SCHEMA_STRING, SCHEMA_ONE, 0, NULL, NULL},
    {"event_system_notification_info", SCHEMA_OBJECT, SCHEMA_ONE, 0, NULL,
     &event_system_notification_info},
};
static const struct schema_object data_session_start = {data_session_start_fields,
							COUNT(data_session_start_fields)};

static const struct schema_field data_session_end_fields[] = {
    {"timestamp_unixtime_ms", SCHEMA_INTEGER, SCHEMA_ONE, SCHEMA_INSTANT, NULL, NULL},
    {"event_id", SCHEMA_INTEGER, SCHEMA_ONE, 0, NULL, NULL},
    {"source_message_id", SCHEMA_STRING, SCHEMA_ONE, 0, NULL, NULL},
    {"session_id", SCHEMA_INTEGER, SCHEMA_ONE, 0, NULL, NULL},
    {"session_uuid", SCHEMA_UUID, SCHEMA_ONE, 0, NULL, NULL},
    {"session_start_unixtime_ms", SCHEMA_INTEGER, SCHEMA_ONE, SCHEMA_INSTANT, NULL, NULL},
    {"event_start_unixtime_ms", SCHEMA_INTEGER, SCHEMA_ONE, SCHEMA_INSTANT, NULL, NULL},
    {"custom_attributes", SCHEMA_STRING, SCHEMA_KEYED, SCHEMA_ATTRIBUTES, NULL, NULL},
    {"location", SCHEMA_OBJECT, SCHEMA_ONE, 0, NULL, &geo_location},
    {"device_current_state", SCHEMA_OBJECT, SCHEMA_ONE, 0, NULL, &device_current_state},
    {"is_goal_defined", SCHEMA_BOOLEAN, SCHEMA_ONE, 0, NULL, NULL},
    {"lifetime_value_change", SCHEMA_NUMBER, SCHEMA_ONE, 0, NULL, NULL},
    {"lifetime_value_attribute_name", SCHEMA_STRING, SCHEMA_ONE, 0, NULL, NULL},
    {"data_connection_type", SCHEMA_STRING, SCHEMA_ONE, 0, NULL, NULL},
    {"event_num", SCHEMA_INTEGER, SCHEMA_ONE, 0, NULL, NULL},
    {"view_controller", SCHEMA_STRING, SCHEMA_ONE, 0, NULL, NULL},
    {"is_main_thread", SCHEMA_BOOLEAN, SCHEMA_ONE, 0, NULL, NULL},
    {"canonical_name", SCHEMA_STRING, SCHEMA_ONE, 0, NULL, NULL},
    {"event_system_notification_info", SCHEMA_OBJECT, SCHEMA_ONE, 0, NULL,
     &event_system_notification_info},
    {"session_duration_ms", SCHEMA_INTEGER, SCHEMA_ONE, SCHEMA_REQUIRED, NULL, NULL},
};
static const struct schema_object data_session_end = {data_session_end_fields,
						      COUNT(data_session_end_fields)};

static const struct schema_field data_screen_view_fields[] = {
    {"timestamp_unixtime_ms", SCHEMA_INTEGER, SCHEMA_ONE, SCHEMA_INSTANT, NULL, NULL},
    {"event_id", SCHEMA_INTEGER, SCHEMA_ONE, 0, NULL, NULL},
    {"source_message_id", SCHEMA_STRING, SCHEMA_ONE, 0, NULL, NULL},
    {"session_id", SCHEMA_INTEGER, SCHEMA_ONE, 0, NULL, NULL},
    {"session_uuid", SCHEMA_UUID, SCHEMA_ONE, 0, NULL, NULL},
    {"session_start_unixtime_ms", SCHEMA_INTEGER, SCHEMA_ONE, SCHEMA_INSTANT, NULL, NULL},
    {"event_start_unixtime_ms", SCHEMA_INTEGER, SCHEMA_ONE, SCHEMA_INSTANT, NULL, NULL},
    {"custom_attributes", SCHEMA_STRING, SCHEMA_KEYED, SCHEMA_ATTRIBUTES, NULL, NULL},
    {"location", SCHEMA_OBJECT, SCHEMA_ONE, 0, NULL, &geo_location},
    {"device_current_state", SCHEMA_OBJECT, SCHEMA_ONE, 0, NULL, &device_current_state},
    {"is_goal_defined", SCHEMA_BOOLEAN, SCHEMA_ONE, 0, NULL, NULL},
    {"lifetime_value_change", SCHEMA_NUMBER, SCHEMA_ONE, 0, NULL, NULL},
    {"lifetime_value_attribute_name", SCHEMA_STRING, SCHEMA_ONE, 0, NULL, NULL},
    {"data_connection_type", SCHEMA_STRING, SCHEMA_ONE, 0, NULL, NULL},
    {"event_num", SCHEMA_INTEGER, SCHEMA_ONE, 0, NULL, NULL},
    {"view_controller", SCHEMA_STRING, SCHEMA_ONE, 0, NULL, NULL},
    {"is_main_thread", SCHEMA_BOOLEAN, SCHEMA_ONE, 0, NULL, NULL},
    {"canonical_name", SCHEMA_STRING, SCHEMA_ONE, 0, NULL, NULL},
    {"event_system_notification_info", SCHEMA_OBJECT, SCHEMA_ONE, 0, NULL,
     &event_system_notification_info},
    {"screen_name", SCHEMA_STRING, SCHEMA_ONE, SCHEMA_REQUIRED, NULL, NULL},
    {"activity_type", SCHEMA_STRING, SCHEMA_ONE, 0, NULL, NULL},
    {"custom_flags", SCHEMA_STRING, SCHEMA_KEYED, 0, NULL, NULL},
};
static const struct schema_object data_screen_view = {data_screen_view_fields,
						      COUNT(data_screen_view_fields)};

static const struct schema_field data_custom_event_fields[] = {
    {"timestamp_unixtime_ms", SCHEMA_INTEGER, SCHEMA_ONE, SCHEMA_INSTANT, NULL, NULL},
    {"event_id", SCHEMA_INTEGER, SCHEMA_ONE, 0, NULL, NULL},
    {"source_message_id", SCHEMA_STRING, SCHEMA_ONE, 0, NULL, NULL},
    {"session_id", SCHEMA_INTEGER, SCHEMA_ONE, 0, NULL, NULL},
    {"session_uuid", SCHEMA_UUID, SCHEMA_ONE, 0, NULL, NULL},
    {"session_start_unixtime_ms", SCHEMA_INTEGER, SCHEMA_ONE, SCHEMA_INSTANT, NULL, NULL},
    {"event_start_unixtime_ms", SCHEMA_INTEGER, SCHEMA_ONE, SCHEMA_INSTANT, NULL, NULL},
    {"custom_attributes", SCHEMA_STRING, SCHEMA_KEYED, SCHEMA_ATTRIBUTES, NULL, NULL},
    {"location", SCHEMA_OBJECT, SCHEMA_ONE, 0, NULL, &geo_location},
    {"device_current_state", SCHEMA_OBJECT, SCHEMA_ONE, 0, NULL, &device_current_state},
    {"is_goal_defined", SCHEMA_BOOLEAN, SCHEMA_ONE, 0, NULL, NULL},
    {"lifetime_value_change", SCHEMA_NUMBER, SCHEMA_ONE, 0, NULL, NULL},
    {"lifetime_value_attribute_name", SCHEMA_STRING, SCHEMA_ONE, 0, NULL, NULL},
    {"data_connection_type", SCHEMA_STRING, SCHEMA_ONE, 0, NULL, NULL},
    {"event_num", SCHEMA_INTEGER, SCHEMA_ONE, 0, NULL, NULL},
    {"view_controller", SCHEMA_STRING, SCHEMA_ONE, 0, NULL, NULL},
    {"is_main_thread", SCHEMA_BOOLEAN, SCHEMA_ONE, 0, NULL, NULL},
    {"canonical_name", SCHEMA_STRING, SCHEMA_ONE, 0, NULL, NULL},
    {"event_system_notification_info", SCHEMA_OBJECT, SCHEMA_ONE, 0, NULL,
     &event_system_notification_info},
    {"custom_event_type", SCHEMA_ENUM, SCHEMA_ONE, SCHEMA_REQUIRED, schema_custom_event_types,
     NULL},
    {"event_name", SCHEMA_STRING, SCHEMA_ONE, SCHEMA_REQUIRED | SCHEMA_EVENT_NAME, NULL, NULL},
    {"custom_flags", SCHEMA_STRING, SCHEMA_KEYED, 0, NULL, NULL},
};
static const struct schema_object data_custom_event = {data_custom_event_fields,
						       COUNT(data_custom_event_fields)};

static const struct schema_field data_breadcrumb_fields[] = {
    {"timestamp_unixtime_ms", SCHEMA_INTEGER, SCHEMA_ONE, SCHEMA_INSTANT, NULL, NULL},
    {"event_id", SCHEMA_INTEGER, SCHEMA_ONE, 0, NULL, NULL},
    {"source_message_id", SCHEMA_STRING, SCHEMA_ONE, 0, NULL, NULL},
    {"session_id", SCHEMA_INTEGER, SCHEMA_ONE, 0, NULL, NULL},
    {"session_uuid", SCHEMA_UUID, SCHEMA_ONE, 0, NULL, NULL},
    {"session_start_unixtime_ms", SCHEMA_INTEGER, SCHEMA_ONE, SCHEMA_INSTANT, NULL, NULL},
    {"event_start_unixtime_ms", SCHEMA_INTEGER, SCHEMA_ONE, SCHEMA_INSTANT, NULL, NULL},
    {"custom_attributes", SCHEMA_STRING, SCHEMA_KEYED, SCHEMA_ATTRIBUTES, NULL, NULL},
    {"location", SCHEMA_OBJECT, SCHEMA_ONE, 0, NULL, &geo_location},
    {"device_current_state", SCHEMA_OBJECT, SCHEMA_ONE, 0, NULL, &device_current_state},
    {"is_goal_defined", SCHEMA_BOOLEAN, SCHEMA_ONE, 0, NULL, NULL},
    {"lifetime_value_change", SCHEMA_NUMBER, SCHEMA_ONE, 0, NULL, NULL},
    {"lifetime_value_attribute_name", SCHEMA_STRING, SCHEMA_ONE, 0, NULL, NULL},
    {"data_connection_type", SCHEMA_STRING, SCHEMA_ONE, 0, NULL, NULL},
    {"event_num", SCHEMA_INTEGER, SCHEMA_ONE, 0, NULL, NULL},
    {"view_controller", SCHEMA_STRING, SCHEMA_ONE, 0, NULL, NULL},
    {"is_main_thread", SCHEMA_BOOLEAN, SCHEMA_ONE, 0, NULL, NULL},
    {"canonical_name", SCHEMA_STRING, SCHEMA_ONE, 0, NULL, NULL},
    {"event_system_notification_info", SCHEMA_OBJECT, SCHEMA_ONE, 0, NULL,
     &event_system_notification_info},
    {"session_number", SCHEMA_INTEGER, SCHEMA_ONE, 0, NULL, NULL},
    {"label", SCHEMA_STRING, SCHEMA_ONE, SCHEMA_REQUIRED, NULL, NULL},
};
static const struct schema_object data_breadcrumb = {data_breadcrumb_fields,
						     COUNT(data_breadcrumb_fields)};

static const struct schema_field breadcrumb_event_fields[] = {
    {"data", SCHEMA_OBJECT, SCHEMA_ONE, SCHEMA_REQUIRED, NULL, &data_breadcrumb},
    {"event_type", SCHEMA_ENUM, SCHEMA_ONE, SCHEMA_REQUIRED, event_type_words, NULL},
};
static const struct schema_object breadcrumb_event = {breadcrumb_event_fields,
						      COUNT(breadcrumb_event_fields)};

static const struct schema_field data_crash_report_fields[] = {
    {"timestamp_unixtime_ms", SCHEMA_INTEGER, SCHEMA_ONE, SCHEMA_INSTANT, NULL, NULL},
    {"event_id", SCHEMA_INTEGER, SCHEMA_ONE, 0, NULL, NULL},
    {"source_message_id", SCHEMA_STRING, SCHEMA_ONE, 0, NULL, NULL},
    {"session_id", SCHEMA_INTEGER, SCHEMA_ONE, 0, NULL, NULL},
    {"session_uuid", SCHEMA_UUID, SCHEMA_ONE, 0, NULL, NULL},
    {"session_start_unixtime_ms", SCHEMA_INTEGER, SCHEMA_ONE, SCHEMA_INSTANT, NULL, NULL},
    {"event_start_unixtime_ms", SCHEMA_INTEGER, SCHEMA_ONE, SCHEMA_INSTANT, NULL, NULL},
    {"custom_attributes", SCHEMA_STRING, SCHEMA_KEYED, SCHEMA_ATTRIBUTES, NULL, NULL},
    {"location", SCHEMA_OBJECT, SCHEMA_ONE, 0, NULL, &geo_location},
    {"device_current_state", SCHEMA_OBJECT, SCHEMA_ONE, 0, NULL, &device_current_state},
    {"is_goal_defined", SCHEMA_BOOLEAN, SCHEMA_ONE, 0, NULL, NULL},
    {"lifetime_value_change", SCHEMA_NUMBER, SCHEMA_ONE, 0, NULL, NULL},
    {"lifetime_value_attribute_name", SCHEMA_STRING, SCHEMA_ONE, 0, NULL, NULL},
    {"data_connection_type", SCHEMA_STRING, SCHEMA_ONE, 0, NULL, NULL},
    {"event_num", SCHEMA_INTEGER, SCHEMA_ONE, 0, NULL, NULL},
    {"view_controller", SCHEMA_STRING, SCHEMA_ONE, 0, NULL, NULL},
    {"is_main_thread", SCHEMA_BOOLEAN, SCHEMA_ONE, 0, NULL, NULL},
    {"canonical_name", SCHEMA_STRING, SCHEMA_ONE, 0, NULL, NULL},
    {"event_system_notification_info", SCHEMA_OBJECT, SCHEMA_ONE, 0, NULL,
     &event_system_notification_info},
    {"breadcrumbs", SCHEMA_OBJECT, SCHEMA_LIST, 0, NULL, &breadcrumb_event},
    {"class_name", SCHEMA_STRING, SCHEMA_ONE, 0, NULL, NULL},
    {"severity", SCHEMA_STRING, SCHEMA_ONE, SCHEMA_REQUIRED, NULL, NULL},
    {"message", SCHEMA_STRING, SCHEMA_ONE, SCHEMA_REQUIRED, NULL, NULL},
    {"stack_trace", SCHEMA_STRING, SCHEMA_ONE, 0, NULL, NULL},
    {"exception_handled", SCHEMA_BOOLEAN, SCHEMA_ONE, 0, NULL, NULL},
    {"topmost_context", SCHEMA_STRING, SCHEMA_ONE, 0, NULL, NULL},
    {"pl_crash_report_file_base64", SCHEMA_STRING, SCHEMA_ONE, 0, NULL, NULL},
    {"ios_image_base_address", SCHEMA_INTEGER, SCHEMA_ONE, 0, NULL, NULL},
    {"ios_image_size", SCHEMA_INTEGER, SCHEMA_ONE, 0, NULL, NULL},
    {"session_number", SCHEMA_INTEGER, SCHEMA_ONE, 0, NULL, NULL},
};
static const struct schema_object data_crash_report = {data_crash_report_fields,
						       COUNT(data_crash_report_fields)};

static const struct schema_field data_opt_out_fields[] = {
    {"timestamp_unixtime_ms", SCHEMA_INTEGER, SCHEMA_ONE, SCHEMA_INSTANT, NULL, NULL},
    {"event_id", SCHEMA_INTEGER, SCHEMA_ONE, 0, NULL, NULL},
    {"source_message_id", SCHEMA_STRING, SCHEMA_ONE, 0, NULL, NULL},
    {"session_id", SCHEMA_INTEGER, SCHEMA_ONE, 0, NULL, NULL},
    {"session_uuid", SCHEMA_UUID, SCHEMA_ONE, 0, NULL, NULL},
    {"session_start_unixtime_ms", SCHEMA_INTEGER, SCHEMA_ONE, SCHEMA_INSTANT, NULL, NULL},
    {"event_start_unixtime_ms", SCHEMA_INTEGER, SCHEMA_ONE, SCHEMA_INSTANT, NULL, NULL},
    {"custom_attributes", SCHEMA_STRING, SCHEMA_KEYED, SCHEMA_ATTRIBUTES, NULL, NULL},
    {"location", SCHEMA_OBJECT, SCHEMA_ONE, 0, NULL, &geo_location},
    {"device_current_state", SCHEMA_OBJECT, SCHEMA_ONE, 0, NULL, &device_current_state},
    {"is_goal_defined", SCHEMA_BOOLEAN, SCHEMA_ONE, 0, NULL, NULL},
    {"lifetime_value_change", SCHEMA_NUMBER, SCHEMA_ONE, 0, NULL, NULL},
    {"lifetime_value_attribute_name", SCHEMA_STRING, SCHEMA_ONE, 0, NULL, NULL},
    {"data_connection_type", SCHEMA_STRING, SCHEMA_ONE, 0, NULL, NULL},
    {"event_num", SCHEMA_INTEGER, SCHEMA_ONE, 0, NULL, NULL},
    {"view_controller", SCHEMA_STRING, SCHEMA_ONE, 0, NULL, NULL},
    {"is_main_thread", SCHEMA_BOOLEAN, SCHEMA_ONE, 0, NULL, NULL},
    {"canonical_name", SCHEMA_STRING, SCHEMA_ONE, 0, NULL, NULL},
    {"event_system_notification_info", SCHEMA_OBJECT, SCHEMA_ONE, 0, NULL,
     &event_system_notification_info},
    {"is_opted_out", SCHEMA_BOOLEAN, SCHEMA_ONE, SCHEMA_REQUIRED, NULL, NULL},
};
static const struct schema_object data_opt_out = {data_opt_out_fields, COUNT(data_opt_out_fields)};

static const struct schema_field data_first_run_fields[] = {
    {"timestamp_unixtime_ms", SCHEMA_INTEGER, SCHEMA_ONE, SCHEMA_INSTANT, NULL, NULL},
    {"event_id", SCHEMA_INTEGER, SCHEMA_ONE, 0, NULL, NULL},
    {"source_message_id", SCHEMA_STRING, SCHEMA_ONE, 0, NULL, NULL},
    {"session_id", SCHEMA_INTEGER, SCHEMA_ONE, 0, NULL, NULL},
    {"session_uuid", SCHEMA_UUID, SCHEMA_ONE, 0, NULL, NULL},
    {"session_start_unixtime_ms", SCHEMA_INTEGER, SCHEMA_ONE, SCHEMA_INSTANT, NULL, NULL},
    {"event_start_unixtime_ms", SCHEMA_INTEGER, SCHEMA_ONE, SCHEMA_INSTANT, NULL, NULL},
    {"custom_attributes", SCHEMA_STRING, SCHEMA_KEYED, SCHEMA_ATTRIBUTES, NULL, NULL},
    {"location", SCHEMA_OBJECT, SCHEMA_ONE, 0, NULL, &geo_location},
    {"device_current_state", SCHEMA_OBJECT, SCHEMA_ONE, 0, NULL, &device_current_state},
    {"is_goal_defined", SCHEMA_BOOLEAN, SCHEMA_ONE, 0, NULL, NULL},
    {"lifetime_value_change", SCHEMA_NUMBER, SCHEMA_ONE, 0, NULL, NULL},
    {"lifetime_value_attribute_name", SCHEMA_STRING, SCHEMA_ONE, 0, NULL, NULL},
    {"data_connection_type", SCHEMA_STRING, SCHEMA_ONE, 0, NULL, NULL},
    {"event_num", SCHEMA_INTEGER, SCHEMA_ONE, 0, NULL, NULL},
    {"view_controller", SCHEMA_STRING, SCHEMA_ONE, 0, NULL, NULL},
    {"is_main_thread", SCHEMA_BOOLEAN, SCHEMA_ONE, 0, NULL, NULL},
    {"canonical_name", SCHEMA_STRING, SCHEMA_ONE, 0, NULL, NULL},
    {"event_system_notification_info", SCHEMA_OBJECT, SCHEMA_ONE, 0, NULL,
     &event_system_notification_info},
};
static const struct schema_object data_first_run = {data_first_run_fields,
						    COUNT(data_first_run_fields)};

static const struct schema_field data_push_registration_fields[] = {
    {"timestamp_unixtime_ms", SCHEMA_INTEGER, SCHEMA_ONE, SCHEMA_INSTANT, NULL, NULL},
    {"event_id", SCHEMA_INTEGER, SCHEMA_ONE, 0, NULL, NULL},
    {"source_message_id", SCHEMA_STRING, SCHEMA_ONE, 0, NULL, NULL},
    {"session_id", SCHEMA_INTEGER, SCHEMA_ONE, 0, NULL, NULL},
    {"session_uuid", SCHEMA_UUID, SCHEMA_ONE, 0, NULL, NULL},
    {"session_start_unixtime_ms", SCHEMA_INTEGER, SCHEMA_ONE, SCHEMA_INSTANT, NULL, NULL},
    {"event_start_unixtime_ms", SCHEMA_INTEGER, SCHEMA_ONE, SCHEMA_INSTANT, NULL, NULL},
    {"custom_attributes", SCHEMA_STRING, SCHEMA_KEYED, SCHEMA_ATTRIBUTES, NULL, NULL},
    {"location", SCHEMA_OBJECT, SCHEMA_ONE, 0, NULL, &geo_location},
    {"device_current_state", SCHEMA_OBJECT, SCHEMA_ONE, 0, NULL, &device_current_state},
    {"is_goal_defined", SCHEMA_BOOLEAN, SCHEMA_ONE, 0, NULL, NULL},
    {"lifetime_value_change", SCHEMA_NUMBER, SCHEMA_ONE, 0, NULL, NULL},
    {"lifetime_value_attribute_name", SCHEMA_STRING, SCHEMA_ONE, 0, NULL, NULL},
    {"data_connection_type", SCHEMA_STRING, SCHEMA_ONE, 0, NULL, NULL},
    {"event_num", SCHEMA_INTEGER, SCHEMA_ONE, 0, NULL, NULL},
    {"view_controller", SCHEMA_STRING, SCHEMA_ONE, 0, NULL, NULL},
    {"is_main_thread", SCHEMA_BOOLEAN, SCHEMA_ONE, 0, NULL, NULL},
    {"canonical_name", SCHEMA_STRING, SCHEMA_ONE, 0, NULL, NULL},
    {"event_system_notification_info", SCHEMA_OBJECT, SCHEMA_ONE, 0, NULL,
     &event_system_notification_info},
    {"register", SCHEMA_BOOLEAN, SCHEMA_ONE, SCHEMA_REQUIRED, NULL, NULL},
    {"registration_token", SCHEMA_STRING, SCHEMA_ONE, SCHEMA_REQUIRED, NULL, NULL},
};
static const struct schema_object data_push_registration = {data_push_registration_fields,
							    COUNT(data_push_registration_fields)};

static const struct schema_field data_application_state_transition_fields[] = {
    {"timestamp_unixtime_ms", SCHEMA_INTEGER, SCHEMA_ONE, SCHEMA_INSTANT, NULL, NULL},
    {"event_id", SCHEMA_INTEGER, SCHEMA_ONE, 0, NULL, NULL},
    {"source_message_id", SCHEMA_STRING, SCHEMA_ONE, 0, NULL, NULL},
    {"session_id", SCHEMA_INTEGER, SCHEMA_ONE, 0, NULL, NULL},
    {"session_uuid", SCHEMA_UUID, SCHEMA_ONE, 0, NULL, NULL},
    {"session_start_unixtime_ms", SCHEMA_INTEGER, SCHEMA_ONE, SCHEMA_INSTANT, NULL, NULL},
    {"event_start_unixtime_ms", SCHEMA_INTEGER, SCHEMA_ONE, SCHEMA_INSTANT, NULL, NULL},
    {"custom_attributes", SCHEMA_STRING, SCHEMA_KEYED, SCHEMA_ATTRIBUTES, NULL, NULL},
    {"location", SCHEMA_OBJECT, SCHEMA_ONE, 0, NULL, &geo_location},
    {"device_current_state", SCHEMA_OBJECT, SCHEMA_ONE, 0, NULL, &device_current_state},
    {"is_goal_defined", SCHEMA_BOOLEAN, SCHEMA_ONE, 0, NULL, NULL},
    {"lifetime_value_change", SCHEMA_NUMBER, SCHEMA_ONE, 0, NULL, NULL},
    {"lifetime_value_attribute_name", SCHEMA_STRING, SCHEMA_ONE, 0, NULL, NULL},
    {"data_connection_type", SCHEMA_STRING, SCHEMA_ONE, 0, NULL, NULL},
    {"event_num", SCHEMA_INTEGER, SCHEMA_ONE, 0, NULL, NULL},
    {"view_controller", SCHEMA_STRING, SCHEMA_ONE, 0, NULL, NULL},
    {"is_main_thread", SCHEMA_BOOLEAN, SCHEMA_ONE, 0, NULL, NULL},
    {"canonical_name", SCHEMA_STRING, SCHEMA_ONE, 0, NULL, NULL},
    {"event_system_notification_info", SCHEMA_OBJECT, SCHEMA_ONE, 0, NULL,
     &event_system_notification_info},
    {"successfully_closed", SCHEMA_BOOLEAN, SCHEMA_ONE, 0, NULL, NULL},
    {"is_first_run", SCHEMA_BOOLEAN, SCHEMA_ONE, 0, NULL, NULL},
    {"is_upgrade", SCHEMA_BOOLEAN, SCHEMA_ONE, 0, NULL, NULL},
    {"push_notification_payload", SCHEMA_STRING, SCHEMA_ONE, 0, NULL, NULL},
    {"launch_referral", SCHEMA_STRING, SCHEMA_ONE, 0, NULL, NULL},
    {"application_transition_type", SCHEMA_ENUM, SCHEMA_ONE, SCHEMA_REQUIRED,
     application_transition_type_words, NULL},
};
static const struct schema_object data_application_state_transition = {
    data_application_state_transition_fields, COUNT(data_application_state_transition_fields)};

static const struct schema_field data_push_message_fields[] = {
    {"timestamp_unixtime_ms", SCHEMA_INTEGER, SCHEMA_ONE, SCHEMA_INSTANT, NULL, NULL},
    {"event_id", SCHEMA_INTEGER, SCHEMA_ONE, 0, NULL, NULL},
    {"source_message_id", SCHEMA_STRING, SCHEMA_ONE, 0, NULL, NULL},
    {"session_id", SCHEMA_INTEGER, SCHEMA_ONE, 0, NULL, NULL},
    {"session_uuid", SCHEMA_UUID, SCHEMA_ONE, 0, NULL, NULL},
    {"session_start_unixtime_ms", SCHEMA_INTEGER, SCHEMA_ONE, SCHEMA_INSTANT, NULL, NULL},
    {"event_start_unixtime_ms", SCHEMA_INTEGER, SCHEMA_ONE, SCHEMA_INSTANT, NULL, NULL},
    {"custom_attributes", SCHEMA_STRING, SCHEMA_KEYED, SCHEMA_ATTRIBUTES, NULL, NULL},
    {"location", SCHEMA_OBJECT, SCHEMA_ONE, 0, NULL, &geo_location},
    {"device_current_state", SCHEMA_OBJECT, SCHEMA_ONE, 0, NULL, &device_current_state},
    {"is_goal_defined", SCHEMA_BOOLEAN, SCHEMA_ONE, 0, NULL, NULL},
    {"lifetime_value_change", SCHEMA_NUMBER, SCHEMA_ONE, 0, NULL, NULL},
    {"lifetime_value_attribute_name", SCHEMA_STRING, SCHEMA_ONE, 0, NULL, NULL},
    {"data_connection_type", SCHEMA_STRING, SCHEMA_ONE, 0, NULL, NULL},
    {"event_num", SCHEMA_INTEGER, SCHEMA_ONE, 0, NULL, NULL},
    {"view_controller", SCHEMA_STRING, SCHEMA_ONE, 0, NULL, NULL},
    {"is_main_thread", SCHEMA_BOOLEAN, SCHEMA_ONE, 0, NULL, NULL},
    {"canonical_name", SCHEMA_STRING, SCHEMA_ONE, 0, NULL, NULL},
    {"event_system_notification_info", SCHEMA_OBJECT, SCHEMA_ONE, 0, NULL,
     &event_system_notification_info},
    {"push_message_token", SCHEMA_STRING, SCHEMA_ONE, SCHEMA_REQUIRED, NULL, NULL},
    {"push_message_type", SCHEMA_ENUM, SCHEMA_ONE, SCHEMA_REQUIRED, push_message_type_words, NULL},
    {"message", SCHEMA_STRING, SCHEMA_ONE, 0, NULL, NULL},
    {"network", SCHEMA_STRING, SCHEMA_ONE, 0, NULL, NULL},
    {"push_notification_payload", SCHEMA_STRING, SCHEMA_ONE, SCHEMA_REQUIRED, NULL, NULL},
    {"application_state", SCHEMA_ENUM, SCHEMA_ONE, 0, application_state_words, NULL},
    {"action_identifier", SCHEMA_STRING, SCHEMA_ONE, 0, NULL, NULL},
    {"push_message_behavior", SCHEMA_ENUM, SCHEMA_ONE, 0, push_message_behavior_words, NULL},
};
static const struct schema_object data_push_message = {data_push_message_fields,
						       COUNT(data_push_message_fields)};

static const struct schema_field data_network_performance_fields[] = {
    {"timestamp_unixtime_ms", SCHEMA_INTEGER, SCHEMA_ONE, SCHEMA_INSTANT, NULL, NULL},
    {"event_id", SCHEMA_INTEGER, SCHEMA_ONE, 0, NULL, NULL},
    {"source_message_id", SCHEMA_STRING, SCHEMA_ONE, 0, NULL, NULL},
    {"session_id", SCHEMA_INTEGER, SCHEMA_ONE, 0, NULL, NULL},
    {"session_uuid", SCHEMA_UUID, SCHEMA_ONE, 0, NULL, NULL},
    {"session_start_unixtime_ms", SCHEMA_INTEGER, SCHEMA_ONE, SCHEMA_INSTANT, NULL, NULL},
    {"event_start_unixtime_ms", SCHEMA_INTEGER, SCHEMA_ONE, SCHEMA_INSTANT, NULL, NULL},
    {"custom_attributes", SCHEMA_STRING, SCHEMA_KEYED, SCHEMA_ATTRIBUTES, NULL, NULL},
    {"location", SCHEMA_OBJECT, SCHEMA_ONE, 0, NULL, &geo_location},
    {"device_current_state", SCHEMA_OBJECT, SCHEMA_ONE, 0, NULL, &device_current_state},
    {"is_goal_defined", SCHEMA_BOOLEAN, SCHEMA_ONE, 0, NULL, NULL},
    {"lifetime_value_change", SCHEMA_NUMBER, SCHEMA_ONE, 0, NULL, NULL},
    {"lifetime_value_attribute_name", SCHEMA_STRING, SCHEMA_ONE, 0, NULL, NULL},
    {"data_connection_type", SCHEMA_STRING, SCHEMA_ONE, 0, NULL, NULL},
    {"event_num", SCHEMA_INTEGER, SCHEMA_ONE, 0, NULL, NULL},
    {"view_controller", SCHEMA_STRING, SCHEMA_ONE, 0, NULL, NULL},
    {"is_main_thread", SCHEMA_BOOLEAN, SCHEMA_ONE, 0, NULL, NULL},
    {"canonical_name", SCHEMA_STRING, SCHEMA_ONE, 0, NULL, NULL},
    {"event_system_notification_info", SCHEMA_OBJECT, SCHEMA_ONE, 0, NULL,
     &event_system_notification_info},
    {"http_verb", SCHEMA_STRING, SCHEMA_ONE, 0, NULL, NULL},
    {"url", SCHEMA_STRING, SCHEMA_ONE, SCHEMA_REQUIRED, NULL, NULL},
    {"time_elapsed", SCHEMA_INTEGER, SCHEMA_ONE, 0, NULL, NULL},
    {"bytes_in", SCHEMA_INTEGER, SCHEMA_ONE, 0, NULL, NULL},
    {"bytes_out", SCHEMA_INTEGER, SCHEMA_ONE, 0, NULL, NULL},
    {"response_code", SCHEMA_INTEGER, SCHEMA_ONE, SCHEMA_REQUIRED, NULL, NULL},
    {"data", SCHEMA_STRING, SCHEMA_ONE, 0, NULL, NULL},
};
static const struct schema_object data_network_performance = {
    data_network_performance_fields, COUNT(data_network_performance_fields)};

static const struct schema_field data_profile_fields[] = {
    {"timestamp_unixtime_ms", SCHEMA_INTEGER, SCHEMA_ONE, SCHEMA_INSTANT, NULL, NULL},
    {"event_id", SCHEMA_INTEGER, SCHEMA_ONE, 0, NULL, NULL},
    {"source_message_id", SCHEMA_STRING, SCHEMA_ONE, 0, NULL, NULL},
    {"session_id", SCHEMA_INTEGER, SCHEMA_ONE, 0, NULL, NULL},
    {"session_uuid", SCHEMA_UUID, SCHEMA_ONE, 0, NULL, NULL},
    {"session_start_unixtime_ms", SCHEMA_INTEGER, SCHEMA_ONE, SCHEMA_INSTANT, NULL, NULL},
    {"event_start_unixtime_ms", SCHEMA_INTEGER, SCHEMA_ONE, SCHEMA_INSTANT, NULL, NULL},
    {"custom_attributes", SCHEMA_STRING, SCHEMA_KEYED, SCHEMA_ATTRIBUTES, NULL, NULL},
    {"location", SCHEMA_OBJECT, SCHEMA_ONE, 0, NULL, &geo_location},
    {"device_current_state", SCHEMA_OBJECT, SCHEMA_ONE, 0, NULL, &device_current_state},
    {"is_goal_defined", SCHEMA_BOOLEAN, SCHEMA_ONE, 0, NULL, NULL},
    {"lifetime_value_change", SCHEMA_NUMBER, SCHEMA_ONE, 0, NULL, NULL},
    {"lifetime_value_attribute_name", SCHEMA_STRING, SCHEMA_ONE, 0, NULL, NULL},
    {"data_connection_type", SCHEMA_STRING, SCHEMA_ONE, 0, NULL, NULL},
    {"event_num", SCHEMA_INTEGER, SCHEMA_ONE, 0, NULL, NULL},
    {"view_controller", SCHEMA_STRING, SCHEMA_ONE, 0, NULL, NULL},
    {"is_main_thread", SCHEMA_BOOLEAN, SCHEMA_ONE, 0, NULL, NULL},
    {"canonical_name", SCHEMA_STRING, SCHEMA_ONE, 0, NULL, NULL},
    {"event_system_notification_info", SCHEMA_OBJECT, SCHEMA_ONE, 0, NULL,
     &event_system_notification_info},
    {"previous_mpid", SCHEMA_INTEGER, SCHEMA_ONE, SCHEMA_REQUIRED, NULL, NULL},
    {"current_mpid", SCHEMA_INTEGER, SCHEMA_ONE, SCHEMA_REQUIRED, NULL, NULL},
    {"profile_event_type", SCHEMA_ENUM, SCHEMA_ONE, SCHEMA_REQUIRED, profile_event_type_words,
     NULL},
};
static const struct schema_object data_profile = {data_profile_fields, COUNT(data_profile_fields)};

static const struct schema_field product_fields[] = {
    {"id", SCHEMA_STRING, SCHEMA_ONE, 0, NULL, NULL},
    {"name", SCHEMA_STRING, SCHEMA_ONE, 0, NULL, NULL},
    {"brand", SCHEMA_STRING, SCHEMA_ONE, 0, NULL, NULL},
    {"category", SCHEMA_STRING, SCHEMA_ONE, 0, NULL, NULL},
    {"variant", SCHEMA_STRING, SCHEMA_ONE, 0, NULL, NULL},
    {"position", SCHEMA_INTEGER, SCHEMA_ONE, 0, NULL, NULL},
    {"price", SCHEMA_NUMBER, SCHEMA_ONE, 0, NULL, NULL},
    {"quantity", SCHEMA_NUMBER, SCHEMA_ONE, 0, NULL, NULL},
    {"coupon_code", SCHEMA_STRING, SCHEMA_ONE, 0, NULL, NULL},
    {"added_to_cart_time_ms", SCHEMA_INTEGER, SCHEMA_ONE, SCHEMA_INSTANT, NULL, NULL},
    {"total_product_amount", SCHEMA_NUMBER, SCHEMA_ONE, 0, NULL, NULL},
    {"custom_attributes", SCHEMA_STRING, SCHEMA_KEYED, SCHEMA_ATTRIBUTES, NULL, NULL},
};
static const struct schema_object product = {product_fields, COUNT(product_fields)};

static const struct schema_field product_action_fields[] = {
    {"action", SCHEMA_ENUM, SCHEMA_ONE, SCHEMA_REQUIRED, action_words, NULL},
    {"checkout_step", SCHEMA_INTEGER, SCHEMA_ONE, 0, NULL, NULL},
    {"checkout_options", SCHEMA_STRING, SCHEMA_ONE, 0, NULL, NULL},
    {"product_action_list", SCHEMA_STRING, SCHEMA_ONE, 0, NULL, NULL},
    {"product_list_source", SCHEMA_STRING, SCHEMA_ONE, 0, NULL, NULL},
    {"transaction_id", SCHEMA_STRING, SCHEMA_ONE, 0, NULL, NULL},
    {"affiliation", SCHEMA_STRING, SCHEMA_ONE, 0, NULL, NULL},
    {"total_amount", SCHEMA_NUMBER, SCHEMA_ONE, 0, NULL, NULL},
    {"tax_amount", SCHEMA_NUMBER, SCHEMA_ONE, 0, NULL, NULL},
    {"shipping_amount", SCHEMA_NUMBER, SCHEMA_ONE, 0, NULL, NULL},
    {"coupon_code", SCHEMA_STRING, SCHEMA_ONE, 0, NULL, NULL},
    {"products", SCHEMA_OBJECT, SCHEMA_LIST, 0, NULL, &product},
};
static const struct schema_object product_action = {product_action_fields,
						    COUNT(product_action_fields)};

static const struct schema_field promotion_fields[] = {
    {"id", SCHEMA_STRING, SCHEMA_ONE, 0, NULL, NULL},
    {"name", SCHEMA_STRING, SCHEMA_ONE, 0, NULL, NULL},
    {"creative", SCHEMA_STRING, SCHEMA_ONE, 0, NULL, NULL},
    {"position", SCHEMA_STRING, SCHEMA_ONE, 0, NULL, NULL},
};
static const struct schema_object promotion = {promotion_fields, COUNT(promotion_fields)};

static const struct schema_field promotion_action_fields[] = {
    {"action", SCHEMA_ENUM, SCHEMA_ONE, SCHEMA_REQUIRED, action2_words, NULL},
    {"promotions", SCHEMA_OBJECT, SCHEMA_LIST, 0, NULL, &promotion},
};
static const struct schema_object promotion_action = {promotion_action_fields,
						      COUNT(promotion_action_fields)};

static const struct schema_field product_impression_fields[] = {
    {"product_impression_list", SCHEMA_STRING, SCHEMA_ONE, SCHEMA_REQUIRED, NULL, NULL},
    {"products", SCHEMA_OBJECT, SCHEMA_LIST, SCHEMA_REQUIRED, NULL, &product},
};
static const struct schema_object product_impression = {product_impression_fields,
							COUNT(product_impression_fields)};

static const struct schema_field shopping_cart_fields[] = {
    {"products", SCHEMA_OBJECT, SCHEMA_LIST, SCHEMA_REQUIRED, NULL, &product},
};
static const struct schema_object shopping_cart = {shopping_cart_fields,
						   COUNT(shopping_cart_fields)};

static const struct schema_field data_commerce_event_fields[] = {
    {"timestamp_unixtime_ms", SCHEMA_INTEGER, SCHEMA_ONE, SCHEMA_INSTANT, NULL, NULL},
    {"event_id", SCHEMA_INTEGER, SCHEMA_ONE, 0, NULL, NULL},
    {"source_message_id", SCHEMA_STRING, SCHEMA_ONE, 0, NULL, NULL},
    {"session_id", SCHEMA_INTEGER, SCHEMA_ONE, 0, NULL, NULL},
    {"session_uuid", SCHEMA_UUID, SCHEMA_ONE, 0, NULL, NULL},
    {"session_start_unixtime_ms", SCHEMA_INTEGER, SCHEMA_ONE, SCHEMA_INSTANT, NULL, NULL},
    {"event_start_unixtime_ms", SCHEMA_INTEGER, SCHEMA_ONE, SCHEMA_INSTANT, NULL, NULL},
    {"custom_attributes", SCHEMA_STRING, SCHEMA_KEYED, SCHEMA_ATTRIBUTES, NULL, NULL},
    {"location", SCHEMA_OBJECT, SCHEMA_ONE, 0, NULL, &geo_location},
    {"device_current_state", SCHEMA_OBJECT, SCHEMA_ONE, 0, NULL, &device_current_state},
    {"is_goal_defined", SCHEMA_BOOLEAN, SCHEMA_ONE, 0, NULL, NULL},
    {"lifetime_value_change", SCHEMA_NUMBER, SCHEMA_ONE, 0, NULL, NULL},
    {"lifetime_value_attribute_name", SCHEMA_STRING, SCHEMA_ONE, 0, NULL, NULL},
    {"data_connection_type", SCHEMA_STRING, SCHEMA_ONE, 0, NULL, NULL},
    {"event_num", SCHEMA_INTEGER, SCHEMA_ONE, 0, NULL, NULL},
    {"view_controller", SCHEMA_STRING, SCHEMA_ONE, 0, NULL, NULL},
    {"is_main_thread", SCHEMA_BOOLEAN, SCHEMA_ONE, 0, NULL, NULL},
    {"canonical_name", SCHEMA_STRING, SCHEMA_ONE, 0, NULL, NULL},
    {"event_system_notification_info", SCHEMA_OBJECT, SCHEMA_ONE, 0, NULL,
     &event_system_notification_info},
    {"product_action", SCHEMA_OBJECT, SCHEMA_ONE, 0, NULL, &product_action},
    {"promotion_action", SCHEMA_OBJECT, SCHEMA_ONE, 0, NULL, &promotion_action},
    {"product_impressions", SCHEMA_OBJECT, SCHEMA_LIST, 0, NULL, &product_impression},
    {"shopping_cart", SCHEMA_OBJECT, SCHEMA_ONE, 0, NULL, &shopping_cart},
    {"currency_code", SCHEMA_STRING, SCHEMA_ONE, 0, NULL, NULL},
    {"screen_name", SCHEMA_STRING, SCHEMA_ONE, 0, NULL, NULL},
    {"is_non_interactive", SCHEMA_BOOLEAN, SCHEMA_ONE, 0, NULL, NULL},
    {"event_name", SCHEMA_STRING, SCHEMA_ONE, SCHEMA_EVENT_NAME, NULL, NULL},
    {"custom_event_type", SCHEMA_ENUM, SCHEMA_ONE, 0, custom_event_type2_words, NULL},
    {"custom_flags", SCHEMA_STRING, SCHEMA_KEYED, 0, NULL, NULL},
};
static const struct schema_object data_commerce_event = {data_commerce_event_fields,
							 COUNT(data_commerce_event_fields)};

static const struct schema_field data_user_attribute_change_fields[] = {
    {"timestamp_unixtime_ms", SCHEMA_INTEGER, SCHEMA_ONE, SCHEMA_INSTANT, NULL, NULL},
    {"event_id", SCHEMA_INTEGER, SCHEMA_ONE, 0, NULL, NULL},
    {"source_message_id", SCHEMA_STRING, SCHEMA_ONE, 0, NULL, NULL},
    {"session_id", SCHEMA_INTEGER, SCHEMA_ONE, 0, NULL, NULL},
    {"session_uuid", SCHEMA_UUID, SCHEMA_ONE, 0, NULL, NULL},
    {"session_start_unixtime_ms", SCHEMA_INTEGER, SCHEMA_ONE, SCHEMA_INSTANT, NULL, NULL},
    {"event_start_unixtime_ms", SCHEMA_INTEGER, SCHEMA_ONE, SCHEMA_INSTANT, NULL, NULL},
    {"custom_attributes", SCHEMA_STRING, SCHEMA_KEYED, SCHEMA_ATTRIBUTES, NULL, NULL},
    {"location", SCHEMA_OBJECT, SCHEMA_ONE, 0, NULL, &geo_location},
    {"device_current_state", SCHEMA_OBJECT, SCHEMA_ONE, 0, NULL, &device_current_state},
    {"is_goal_defined", SCHEMA_BOOLEAN, SCHEMA_ONE, 0, NULL, NULL},
    {"lifetime_value_change", SCHEMA_NUMBER, SCHEMA_ONE, 0, NULL, NULL},
    {"lifetime_value_attribute_name", SCHEMA_STRING, SCHEMA_ONE, 0, NULL, NULL},
    {"data_connection_type", SCHEMA_STRING, SCHEMA_ONE, 0, NULL, NULL},
    {"event_num", SCHEMA_INTEGER, SCHEMA_ONE, 0, NULL, NULL},
    {"view_controller", SCHEMA_STRING, SCHEMA_ONE, 0, NULL, NULL},
    {"is_main_thread", SCHEMA_BOOLEAN, SCHEMA_ONE, 0, NULL, NULL},
    {"canonical_name", SCHEMA_STRING, SCHEMA_ONE, 0, NULL, NULL},
    {"event_system_notification_info", SCHEMA_OBJECT, SCHEMA_ONE, 0, NULL,
     &event_system_notification_info},
    {"user_attribute_name", SCHEMA_STRING, SCHEMA_ONE, SCHEMA_REQUIRED, NULL, NULL},
    {"new", SCHEMA_STRINGS, SCHEMA_ONE, 0, NULL, NULL},
    {"old", SCHEMA_STRINGS, SCHEMA_ONE, 0, NULL, NULL},
    {"deleted", SCHEMA_BOOLEAN, SCHEMA_ONE, 0, NULL, NULL},
    {"is_new_attribute", SCHEMA_BOOLEAN, SCHEMA_ONE, 0, NULL, NULL},
};
static const struct schema_object data_user_attribute_change = {
    data_user_attribute_change_fields, COUNT(data_user_attribute_change_fields)};

static const struct schema_field user_identity_fields[] = {
    {"identity_type", SCHEMA_ENUM, SCHEMA_ONE, SCHEMA_REQUIRED, identity_type_words, NULL},
    {"identity", SCHEMA_STRING, SCHEMA_ONE, SCHEMA_REQUIRED, NULL, NULL},
    {"timestamp_unixtime_ms", SCHEMA_INTEGER, SCHEMA_ONE, SCHEMA_REQUIRED | SCHEMA_INSTANT, NULL,
     NULL},
    {"created_this_batch", SCHEMA_BOOLEAN, SCHEMA_ONE, 0, NULL, NULL},
};
static const struct schema_object user_identity = {user_identity_fields,
						   COUNT(user_identity_fields)};

static const struct schema_field data_user_identity_change_fields[] = {
    {"timestamp_unixtime_ms", SCHEMA_INTEGER, SCHEMA_ONE, SCHEMA_INSTANT, NULL, NULL},
    {"event_id", SCHEMA_INTEGER, SCHEMA_ONE, 0, NULL, NULL},
    {"source_message_id", SCHEMA_STRING, SCHEMA_ONE, 0, NULL, NULL},
    {"session_id", SCHEMA_INTEGER, SCHEMA_ONE, 0, NULL, NULL},
    {"session_uuid", SCHEMA_UUID, SCHEMA_ONE, 0, NULL, NULL},
    {"session_start_unixtime_ms", SCHEMA_INTEGER, SCHEMA_ONE, SCHEMA_INSTANT, NULL, NULL},
    {"event_start_unixtime_ms", SCHEMA_INTEGER, SCHEMA_ONE, SCHEMA_INSTANT, NULL, NULL},
    {"custom_attributes", SCHEMA_STRING, SCHEMA_KEYED, SCHEMA_ATTRIBUTES, NULL, NULL},
    {"location", SCHEMA_OBJECT, SCHEMA_ONE, 0, NULL, &geo_location},
    {"device_current_state", SCHEMA_OBJECT, SCHEMA_ONE, 0, NULL, &device_current_state},
    {"is_goal_defined", SCHEMA_BOOLEAN, SCHEMA_ONE, 0, NULL, NULL},
    {"lifetime_value_change", SCHEMA_NUMBER, SCHEMA_ONE, 0, NULL, NULL},
    {"lifetime_value_attribute_name", SCHEMA_STRING, SCHEMA_ONE, 0, NULL, NULL},
    {"data_connection_type", SCHEMA_STRING, SCHEMA_ONE, 0, NULL, NULL},
    {"event_num", SCHEMA_INTEGER, SCHEMA_ONE, 0, NULL, NULL},
    {"view_controller", SCHEMA_STRING, SCHEMA_ONE, 0, NULL, NULL},
    {"is_main_thread", SCHEMA_BOOLEAN, SCHEMA_ONE, 0, NULL, NULL},
    {"canonical_name", SCHEMA_STRING, SCHEMA_ONE, 0, NULL, NULL},
    {"event_system_notification_info", SCHEMA_OBJECT, SCHEMA_ONE, 0, NULL,
     &event_system_notification_info},
    {"new", SCHEMA_OBJECT, SCHEMA_ONE, SCHEMA_REQUIRED, NULL, &user_identity},
    {"old", SCHEMA_OBJECT, SCHEMA_ONE, SCHEMA_REQUIRED, NULL, &user_identity},
};
static const struct schema_object data_user_identity_change = {
    data_user_identity_change_fields, COUNT(data_user_identity_change_fields)};

static const struct schema_field data_uninstall_fields[] = {
    {"timestamp_unixtime_ms", SCHEMA_INTEGER, SCHEMA_ONE, SCHEMA_INSTANT, NULL, NULL},
    {"event_id", SCHEMA_INTEGER, SCHEMA_ONE, 0, NULL, NULL},
    {"source_message_id", SCHEMA_STRING, SCHEMA_ONE, 0, NULL, NULL},
    {"session_id", SCHEMA_INTEGER, SCHEMA_ONE, 0, NULL, NULL},
    {"session_uuid", SCHEMA_UUID, SCHEMA_ONE, 0, NULL, NULL},
    {"session_start_unixtime_ms", SCHEMA_INTEGER, SCHEMA_ONE, SCHEMA_INSTANT, NULL, NULL},
    {"event_start_unixtime_ms", SCHEMA_INTEGER, SCHEMA_ONE, SCHEMA_INSTANT, NULL, NULL},
    {"custom_attributes", SCHEMA_STRING, SCHEMA_KEYED, SCHEMA_ATTRIBUTES, NULL, NULL},
    {"location", SCHEMA_OBJECT, SCHEMA_ONE, 0, NULL, &geo_location},
    {"device_current_state", SCHEMA_OBJECT, SCHEMA_ONE, 0, NULL, &device_current_state},
    {"is_goal_defined", SCHEMA_BOOLEAN, SCHEMA_ONE, 0, NULL, NULL},
    {"lifetime_value_change", SCHEMA_NUMBER, SCHEMA_ONE, 0, NULL, NULL},
    {"lifetime_value_attribute_name", SCHEMA_STRING, SCHEMA_ONE, 0, NULL, NULL},
    {"data_connection_type", SCHEMA_STRING, SCHEMA_ONE, 0, NULL, NULL},
    {"event_num", SCHEMA_INTEGER, SCHEMA_ONE, 0, NULL, NULL},
    {"view_controller", SCHEMA_STRING, SCHEMA_ONE, 0, NULL, NULL},
    {"is_main_thread", SCHEMA_BOOLEAN, SCHEMA_ONE, 0, NULL, NULL},
    {"canonical_name", SCHEMA_STRING, SCHEMA_ONE, 0, NULL, NULL},
    {"event_system_notification_info", SCHEMA_OBJECT, SCHEMA_ONE, 0, NULL,
     &event_system_notification_info},
};
static const struct schema_object data_uninstall = {data_uninstall_fields,
						    COUNT(data_uninstall_fields)};

static const struct schema_field device_information_fields[] = {
    {"brand", SCHEMA_STRING, SCHEMA_ONE, 0, NULL, NULL},
    {"product", SCHEMA_STRING, SCHEMA_ONE, 0, NULL, NULL},
    {"device", SCHEMA_STRING, SCHEMA_ONE, 0, NULL, NULL},
    {"android_uuid", SCHEMA_STRING, SCHEMA_ONE, SCHEMA_ID, NULL, NULL},
    {"device_manufacturer", SCHEMA_STRING, SCHEMA_ONE, 0, NULL, NULL},
    {"platform", SCHEMA_ENUM, SCHEMA_ONE, 0, platform_words, NULL},
    {"os_version", SCHEMA_STRING, SCHEMA_ONE, 0, NULL, NULL},
    {"device_model", SCHEMA_STRING, SCHEMA_ONE, 0, NULL, NULL},
    {"screen_height", SCHEMA_INTEGER, SCHEMA_ONE, 0, NULL, NULL},
    {"screen_width", SCHEMA_INTEGER, SCHEMA_ONE, 0, NULL, NULL},
    {"screen_dpi", SCHEMA_INTEGER, SCHEMA_ONE, 0, NULL, NULL},
    {"device_country", SCHEMA_STRING, SCHEMA_ONE, 0, NULL, NULL},
    {"locale_language", SCHEMA_STRING, SCHEMA_ONE, 0, NULL, NULL},
    {"locale_country", SCHEMA_STRING, SCHEMA_ONE, 0, NULL, NULL},
    {"network_country", SCHEMA_STRING, SCHEMA_ONE, 0, NULL, NULL},
    {"network_carrier", SCHEMA_STRING, SCHEMA_ONE, 0, NULL, NULL},
    {"network_code", SCHEMA_STRING, SCHEMA_ONE, 0, NULL, NULL},
    {"network_mobile_country_code", SCHEMA_STRING, SCHEMA_ONE, 0, NULL, NULL},
    {"timezone_offset", SCHEMA_INTEGER, SCHEMA_ONE, 0, NULL, NULL},
    {"build_identifier", SCHEMA_STRING, SCHEMA_ONE, 0, NULL, NULL},
    {"http_header_user_agent", SCHEMA_STRING, SCHEMA_ONE, 0, NULL, NULL},
    {"ios_advertising_id", SCHEMA_UUID, SCHEMA_ONE, SCHEMA_ID, NULL, NULL},
    {"att_authorization_status", SCHEMA_ENUM, SCHEMA_ONE, 0, att_authorization_status_words, NULL},
    {"att_timestamp_unixtime_ms", SCHEMA_INTEGER, SCHEMA_ONE, SCHEMA_INSTANT, NULL, NULL},
    {"push_token", SCHEMA_STRING, SCHEMA_ONE, 0, NULL, NULL},
    {"cpu_architecture", SCHEMA_STRING, SCHEMA_ONE, 0, NULL, NULL},
    {"is_tablet", SCHEMA_BOOLEAN, SCHEMA_ONE, 0, NULL, NULL},
    {"push_notification_sound_enabled", SCHEMA_BOOLEAN, SCHEMA_ONE, 0, NULL, NULL},
    {"push_notification_vibrate_enabled", SCHEMA_BOOLEAN, SCHEMA_ONE, 0, NULL, NULL},
    {"radio_access_technology", SCHEMA_STRING, SCHEMA_ONE, 0, NULL, NULL},
    {"supports_telephony", SCHEMA_BOOLEAN, SCHEMA_ONE, 0, NULL, NULL},
    {"has_nfc", SCHEMA_BOOLEAN, SCHEMA_ONE, 0, NULL, NULL},
    {"bluetooth_enabled", SCHEMA_BOOLEAN, SCHEMA_ONE, 0, NULL, NULL},
    {"bluetooth_version", SCHEMA_STRING, SCHEMA_ONE, 0, NULL, NULL},
    {"ios_idfv", SCHEMA_UUID, SCHEMA_ONE, SCHEMA_ID, NULL, NULL},
    {"android_advertising_id", SCHEMA_UUID, SCHEMA_ONE, SCHEMA_ID, NULL, NULL},
    {"build_version_release", SCHEMA_STRING, SCHEMA_ONE, 0, NULL, NULL},
    {"limit_ad_tracking", SCHEMA_BOOLEAN, SCHEMA_ONE, 0, NULL, NULL},
    {"amp_id", SCHEMA_STRING, SCHEMA_ONE, 0, NULL, NULL},
    {"is_dst", SCHEMA_BOOLEAN, SCHEMA_ONE, 0, NULL, NULL},
    {"roku_advertising_id", SCHEMA_UUID, SCHEMA_ONE, SCHEMA_ID, NULL, NULL},
    {"roku_publisher_id", SCHEMA_UUID, SCHEMA_ONE, SCHEMA_ID, NULL, NULL},
    {"microsoft_advertising_id", SCHEMA_STRING, SCHEMA_ONE, SCHEMA_ID, NULL, NULL},
    {"microsoft_publisher_id", SCHEMA_STRING, SCHEMA_ONE, 0, NULL, NULL},
    {"fire_advertising_id", SCHEMA_UUID, SCHEMA_ONE, SCHEMA_ID, NULL, NULL},
};
static const struct schema_object device_information = {device_information_fields,
							COUNT(device_information_fields)};

static const struct schema_field application_information_fields[] = {
    {"application_name", SCHEMA_STRING, SCHEMA_ONE, 0, NULL, NULL},
    {"application_version", SCHEMA_STRING, SCHEMA_ONE, 0, NULL, NULL},
    {"application_build_number", SCHEMA_STRING, SCHEMA_ONE, 0, NULL, NULL},
    {"install_referrer", SCHEMA_STRING, SCHEMA_ONE, 0, NULL, NULL},
    {"package", SCHEMA_STRING, SCHEMA_ONE, 0, NULL, NULL},
    {"os", SCHEMA_ENUM, SCHEMA_ONE, 0, os_words, NULL},
    {"apple_search_ads_attributes", SCHEMA_KEYS, SCHEMA_KEYED, 0, NULL, NULL},
};
static const struct schema_object application_information = {application_information_fields,
							     COUNT(application_information_fields)};

static const struct schema_field user_identities_fields[] = {
    {"other", SCHEMA_STRING, SCHEMA_ONE, SCHEMA_ID, NULL, NULL},
    {"customer_id", SCHEMA_STRING, SCHEMA_ONE, SCHEMA_ID, NULL, NULL},
    {"facebook", SCHEMA_STRING, SCHEMA_ONE, SCHEMA_ID, NULL, NULL},
    {"twitter", SCHEMA_STRING, SCHEMA_ONE, SCHEMA_ID, NULL, NULL},
    {"google", SCHEMA_STRING, SCHEMA_ONE, SCHEMA_ID, NULL, NULL},
    {"microsoft", SCHEMA_STRING, SCHEMA_ONE, SCHEMA_ID, NULL, NULL},
    {"yahoo", SCHEMA_STRING, SCHEMA_ONE, SCHEMA_ID, NULL, NULL},
    {"email", SCHEMA_STRING, SCHEMA_ONE, SCHEMA_ID, NULL, NULL},
    {"alias", SCHEMA_STRING, SCHEMA_ONE, SCHEMA_ID, NULL, NULL},
    {"facebook_custom_audience_id", SCHEMA_STRING, SCHEMA_ONE, SCHEMA_ID, NULL, NULL},
    {"other_id_2", SCHEMA_STRING, SCHEMA_ONE, SCHEMA_ID, NULL, NULL},
    {"other_id_3", SCHEMA_STRING, SCHEMA_ONE, SCHEMA_ID, NULL, NULL},
    {"other_id_4", SCHEMA_STRING, SCHEMA_ONE, SCHEMA_ID, NULL, NULL},
    {"other_id_5", SCHEMA_STRING, SCHEMA_ONE, SCHEMA_ID, NULL, NULL},
    {"other_id_6", SCHEMA_STRING, SCHEMA_ONE, SCHEMA_ID, NULL, NULL},
    {"other_id_7", SCHEMA_STRING, SCHEMA_ONE, SCHEMA_ID, NULL, NULL},
    {"other_id_8", SCHEMA_STRING, SCHEMA_ONE, SCHEMA_ID, NULL, NULL},
    {"other_id_9", SCHEMA_STRING, SCHEMA_ONE, SCHEMA_ID, NULL, NULL},
    {"other_id_10", SCHEMA_STRING, SCHEMA_ONE, SCHEMA_ID, NULL, NULL},
    {"mobile_number", SCHEMA_STRING, SCHEMA_ONE, SCHEMA_ID, NULL, NULL},
    {"phone_number_2", SCHEMA_STRING, SCHEMA_ONE, SCHEMA_ID, NULL, NULL},
    {"phone_number_3", SCHEMA_STRING, SCHEMA_ONE, SCHEMA_ID, NULL, NULL},
};
static const struct schema_object user_identities = {user_identities_fields,
						     COUNT(user_identities_fields)};

static const struct schema_field data_plan_context_fields[] = {
    {"plan_id", SCHEMA_STRING, SCHEMA_ONE, SCHEMA_REQUIRED, NULL, NULL},
    {"plan_version", SCHEMA_INTEGER, SCHEMA_ONE, 0, NULL, NULL},
};
static const struct schema_object data_plan_context = {data_plan_context_fields,
						       COUNT(data_plan_context_fields)};

static const struct schema_field batch_context_fields[] = {
    {"data_plan", SCHEMA_OBJECT, SCHEMA_ONE, 0, NULL, &data_plan_context},
    {"location", SCHEMA_OBJECT, SCHEMA_ONE, 0, NULL, &geo_location},
};
static const struct schema_object batch_context = {batch_context_fields,
						   COUNT(batch_context_fields)};

static const struct schema_field source_information_fields[] = {
    {"channel", SCHEMA_ENUM, SCHEMA_ONE, SCHEMA_REQUIRED, channel_words, NULL},
    {"partner", SCHEMA_STRING, SCHEMA_ONE, 0, NULL, NULL},
    {"replay_request_id", SCHEMA_STRING, SCHEMA_ONE, 0, NULL, NULL},
    {"replay_job_id", SCHEMA_STRING, SCHEMA_ONE, 0, NULL, NULL},
    {"is_historical", SCHEMA_BOOLEAN, SCHEMA_ONE, 0, NULL, NULL},
};
static const struct schema_object source_information = {source_information_fields,
							COUNT(source_information_fields)};

static const struct schema_field attribution_info_fields[] = {
    {"service_provider", SCHEMA_STRING, SCHEMA_ONE, SCHEMA_REQUIRED, NULL, NULL},
    {"publisher", SCHEMA_STRING, SCHEMA_ONE, SCHEMA_REQUIRED, NULL, NULL},
    {"campaign", SCHEMA_STRING, SCHEMA_ONE, SCHEMA_REQUIRED, NULL, NULL},
};
static const struct schema_object attribution_info = {attribution_info_fields,
						      COUNT(attribution_info_fields)};

static const struct schema_field gdpr_consent_purpose_fields[] = {
    {"regulation", SCHEMA_STRING, SCHEMA_ONE, 0, NULL, NULL},
    {"document", SCHEMA_STRING, SCHEMA_ONE, 0, NULL, NULL},
    {"consented", SCHEMA_BOOLEAN, SCHEMA_ONE, SCHEMA_REQUIRED, NULL, NULL},
    {"timestamp_unixtime_ms", SCHEMA_INTEGER, SCHEMA_ONE, SCHEMA_REQUIRED | SCHEMA_INSTANT, NULL,
     NULL},
    {"location", SCHEMA_STRING, SCHEMA_ONE, 0, NULL, NULL},
    {"hardware_id", SCHEMA_STRING, SCHEMA_ONE, 0, NULL, NULL},
};
static const struct schema_object gdpr_consent_purpose = {gdpr_consent_purpose_fields,
							  COUNT(gdpr_consent_purpose_fields)};

static const struct schema_field ccpa_consent_purpose_fields[] = {
    {"regulation", SCHEMA_STRING, SCHEMA_ONE, 0, NULL, NULL},
    {"document", SCHEMA_STRING, SCHEMA_ONE, 0, NULL, NULL},
    {"consented", SCHEMA_BOOLEAN, SCHEMA_ONE, SCHEMA_REQUIRED, NULL, NULL},
    {"timestamp_unixtime_ms", SCHEMA_INTEGER, SCHEMA_ONE, SCHEMA_REQUIRED | SCHEMA_INSTANT, NULL,
     NULL},
    {"location", SCHEMA_STRING, SCHEMA_ONE, 0, NULL, NULL},
    {"hardware_id", SCHEMA_STRING, SCHEMA_ONE, 0, NULL, NULL},
};
static const struct schema_object ccpa_consent_purpose = {ccpa_consent_purpose_fields,
							  COUNT(ccpa_consent_purpose_fields)};

/* The schema takes any purpose; the vendor's JSON reference knows this one only. */
static const struct schema_field ccpa_consent_state_fields[] = {
    {"data_sale_opt_out", SCHEMA_OBJECT, SCHEMA_ONE, 0, NULL, &ccpa_consent_purpose},
};
static const struct schema_object ccpa_consent_state = {ccpa_consent_state_fields,
							COUNT(ccpa_consent_state_fields)};

static const struct schema_field consent_state_fields[] = {
    {"gdpr", SCHEMA_OBJECT, SCHEMA_KEYED, 0, NULL, &gdpr_consent_purpose},
    {"ccpa", SCHEMA_OBJECT, SCHEMA_ONE, 0, NULL, &ccpa_consent_state},
};
static const struct schema_object consent_state = {consent_state_fields,
						   COUNT(consent_state_fields)};

static const struct schema_field batch_fields[] = {
    {"source_request_id", SCHEMA_STRING, SCHEMA_ONE, 0, NULL, NULL},
    {"device_info", SCHEMA_OBJECT, SCHEMA_ONE, 0, NULL, &device_information},
    {"application_info", SCHEMA_OBJECT, SCHEMA_ONE, 0, NULL, &application_information},
    {"user_attributes", SCHEMA_STRINGS, SCHEMA_KEYED, SCHEMA_ATTRIBUTES, NULL, NULL},
    {"deleted_user_attributes", SCHEMA_STRING, SCHEMA_LIST, 0, NULL, NULL},
    {"user_identities", SCHEMA_OBJECT, SCHEMA_ONE, 0, NULL, &user_identities},
    {"environment", SCHEMA_ENUM, SCHEMA_ONE, SCHEMA_REQUIRED, schema_environments, NULL},
    {"api_key", SCHEMA_STRING, SCHEMA_ONE, SCHEMA_SECRET, NULL, NULL},
    {"api_keys", SCHEMA_STRING, SCHEMA_LIST, SCHEMA_SECRET, NULL, NULL},
    {"ip", SCHEMA_IP, SCHEMA_ONE, 0, NULL, NULL},
    {"integration_attributes", SCHEMA_KEYS, SCHEMA_KEYED, 0, NULL, NULL},
    {"context", SCHEMA_OBJECT, SCHEMA_ONE, 0, NULL, &batch_context},
    {"partner_identity", SCHEMA_STRING, SCHEMA_ONE, 0, NULL, NULL},
    {"partner_identities", SCHEMA_STRING, SCHEMA_KEYED, 0, NULL, NULL},
    {"source_info", SCHEMA_OBJECT, SCHEMA_ONE, 0, NULL, &source_information},
    {"mp_deviceid", SCHEMA_UUID, SCHEMA_ONE, 0, NULL, NULL},
    {"attribution_info", SCHEMA_OBJECT, SCHEMA_ONE, 0, NULL, &attribution_info},
    {"timestamp_unixtime_ms", SCHEMA_INTEGER, SCHEMA_ONE, SCHEMA_INSTANT | SCHEMA_UNWANTED, NULL,
     NULL},
    {"batch_id", SCHEMA_INTEGER, SCHEMA_ONE, 0, NULL, NULL},
    {"mpid", SCHEMA_INTEGER, SCHEMA_ONE, SCHEMA_ID, NULL, NULL},
    {"origin_mpid", SCHEMA_INTEGER, SCHEMA_ONE, 0, NULL, NULL},
    {"sdk_version", SCHEMA_STRING, SCHEMA_ONE, 0, NULL, NULL},
    {"consent_state", SCHEMA_OBJECT, SCHEMA_ONE, 0, NULL, &consent_state},
    {"job_id", SCHEMA_STRING, SCHEMA_ONE, 0, NULL, NULL},
};
const struct schema_object schema_batch = {batch_fields, COUNT(batch_fields)};

const struct schema_event schema_events[] = {
    {"session_start", &data_session_start, NULL},
    {"session_end", &data_session_end, NULL},
    {"screen_view", &data_screen_view, NULL},
    {"custom_event", &data_custom_event, NULL},
    {"crash_report", &data_crash_report, NULL},
    {"opt_out", &data_opt_out, NULL},
    {"first_run", &data_first_run, NULL},
    {"push_registration", &data_push_registration, NULL},
    {"application_state_transition", &data_application_state_transition, NULL},
    {"push_message", &data_push_message, NULL},
    {"network_performance", &data_network_performance, NULL},
    {"breadcrumb", &data_breadcrumb, NULL},
    {"profile", &data_profile, NULL},
    {"commerce_event", &data_commerce_event, NULL},
    {"user_attribute_change", &data_user_attribute_change, NULL},
    {"user_identity_change", &data_user_identity_change, NULL},
    {"uninstall", &data_uninstall, NULL},
    {"eventless", NULL, NULL},
    {"erasure", NULL, &schema_request},
    {"access", NULL, &schema_request},
    {"portability", NULL, &schema_request},
    {"audience", &schema_audience_member, &schema_audience},
};
const size_t schema_n_events = COUNT(schema_events);
