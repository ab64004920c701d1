"""Column lists of the logs, as published extracts of real servers show them."""


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


HTTPPROXY = _words("""
    DateTime RequestId MajorVersion MinorVersion BuildVersion RevisionVersion ClientRequestId Protocol
    UrlHost UrlStem ProtocolAction AuthenticationType IsAuthenticated AuthenticatedUser Organization
    AnchorMailbox UserAgent ClientIpAddress ServerHostName HttpStatus BackEndStatus ErrorCode Method
    ProxyAction TargetServer TargetServerVersion RoutingType RoutingHint BackEndCookie ServerLocatorHost
    ServerLocatorLatency RequestBytes ResponseBytes TargetOutstandingRequests AuthModulePerfContext
    HttpPipelineLatency CalculateTargetBackEndLatency GlsLatencyBreakup TotalGlsLatency
    AccountForestLatencyBreakup TotalAccountForestLatency ResourceForestLatencyBreakup
    TotalResourceForestLatency ADLatency SharedCacheLatencyBreakup TotalSharedCacheLatency
    ActivityContextLifeTime ModuleToHandlerSwitchingLatency ClientReqStreamLatency BackendReqInitLatency
    BackendReqStreamLatency BackendProcessingLatency BackendRespInitLatency BackendRespStreamLatency
    ClientRespStreamLatency KerberosAuthHeaderLatency HandlerCompletionLatency RequestHandlerLatency
    HandlerToModuleSwitchingLatency ProxyTime CoreLatency RoutingLatency HttpProxyOverhead
    TotalRequestTime RouteRefresherLatency UrlQuery BackEndGenericInfo GenericInfo GenericErrors
    EdgeTraceId DatabaseGuid UserADObjectGuid PartitionEndpointLookupLatency RoutingStatus
""")
"""74 columns, the same in every protocol folder."""

EWS = _words("""
    DateTime RequestId MajorVersion MinorVersion BuildVersion RevisionVersion ClientRequestId
    AuthenticationType IsAuthenticated AuthenticatedUser Organization UserAgent VersionInfo
    ClientIpAddress ServerHostName FrontEndServer SoapAction HttpStatus RequestSize ResponseSize
    ErrorCode ImpersonatedUser ProxyAsUser ActAsUser Cookie CorrelationGuid PrimaryOrProxyServer
    TaskType RemoteBackendCount LocalMailboxCount RemoteMailboxCount LocalIdCount RemoteIdCount
    BeginBudgetConnections EndBudgetConnections BeginBudgetHangingConnections
    EndBudgetHangingConnections BeginBudgetAD EndBudgetAD BeginBudgetCAS EndBudgetCAS BeginBudgetRPC
    EndBudgetRPC BeginBudgetFindCount EndBudgetFindCount BeginBudgetSubscriptions EndBudgetSubscriptions
    MDBResource MDBHealth MDBHistoricalLoad ThrottlingPolicy ThrottlingDelay ThrottlingRequestType
    TotalDCRequestCount TotalDCRequestLatency TotalMBXRequestCount TotalMBXRequestLatency
    RecipientLookupLatency ExchangePrincipalLatency HttpPipelineLatency CheckAccessCoreLatency
    AuthModuleLatency CallContextInitLatency PreExecutionLatency CoreExecutionLatency TotalRequestTime
    DetailedExchangePrincipalLatency ClientStatistics GenericInfo AuthenticationErrors GenericErrors
    Puid StartTime ProcessId TimeInGC StartTotalMemory EndTotalMemory StartGCCounts EndGCCounts
    TokenBasedThrottlingPolicy BudgetKey CoinsCharged CoinsChargedMethod SidBudgetInfo AppBudgetInfo
    TenantBudgetInfo ResourceAccessed ResourceHealthBasedThreshold ThrottledBy BackoffHint
    WorkClassification
""")
"""Back end EWS log; builds before 2021 have no `Ring`."""

RPS_CMDLET = _words("""
    DateTime StartTime RequestId ClientRequestId MajorVersion MinorVersion BuildVersion RevisionVersion
    ServerHostName ProcessId ProcessName ThreadId CultureInfo Organization AuthenticatedUser
    ExecutingUserSid EffectiveOrganization UserServicePlan IsAdmin ClientApplication Cmdlet Parameters
    CmdletUniqueId UserBudgetOnStart ContributeToFailFast RunspaceSettingsCreationHint
    ADViewEntireForest ADRecipientViewRoot ADConfigurationDomainControllers ADPreferredGlobalCatalogs
    ADPreferredDomainControllers ADUserConfigurationDomainController ADUserPreferredGlobalCatalog
    ADuserPreferredDomainControllers ThrottlingInfo DelayInfo ThrottlingDelay IsOutputObjectRedacted
    CmdletProxyStage CmdletProxyRemoteServer CmdletProxyRemoteServerVersion CmdletProxyMethod
    ProxiedObjectCount CmdletProxyLatency OutputObjectCount ParameterBinding BeginProcessing
    ProcessRecord EndProcessing StopProcessing BizLogic PowerShellLatency UserInteractionLatency
    ProvisioningLayerLatency ActivityContextLifeTime TotalTime ErrorType ExecutionResult CacheHitCount
    CacheMissCount GenericLatency GenericInfo GenericErrors ObjectGuid ExternalDirectoryOrganizationId
    ExternalDirectoryObjectId NonPiiParameters
""")
"""Remote PowerShell, one row a cmdlet."""

RPS_HTTP = _words("""
    DateTime StartTime RequestId MajorVersion MinorVersion BuildVersion RevisionVersion ClientRequestId
    UrlHost UrlStem AuthenticationType IsAuthenticated AuthenticatedUser Organization
    ManagedOrganization ClientIpAddress ServerHostName FrontEndServer HttpStatus SubStatus ErrorCode
    Action CommandId CommandName SessionId ShellId FailFast ContributeToFailFast RequestBytes ClientInfo
    CPU Memory ActivityContextLifeTime TotalTime UrlQuery GenericLatency GenericInfo GenericErrors
""")
"""Remote PowerShell, one row a request."""

ECP = _words("""
    TimeStamp ServerName EventId EventData
""")
"""ECP Server and ECP Activity."""

TRACKING = _words("""
    date-time client-ip client-hostname server-ip server-hostname source-context connector-id source
    event-id internal-message-id message-id network-message-id recipient-address recipient-status
    total-bytes recipient-count related-recipient-address reference message-subject sender-address
    return-path message-info directionality tenant-id original-client-ip original-server-ip custom-data
    transport-traffic-type log-id schema-version
""")
"""Message tracking."""

SMTP = _words("""
    date-time connector-id session-id sequence-number local-endpoint remote-endpoint event data context
""")
"""SMTP protocol logs."""

AGENT = _words("""
    Timestamp SessionId LocalEndpoint RemoteEndpoint EnteredOrgFromIP MessageId P1FromAddress
    P2FromAddresses Recipient NumRecipients Agent Event Action SmtpResponse Reason ReasonData
    Diagnostics NetworkMsgID TenantID Directionality
""")
"""Transport agents."""

IIS = _words("""
    date time s-ip cs-method cs-uri-stem cs-uri-query s-port cs-username c-ip cs(User-Agent) cs(Referer)
    sc-status sc-substatus sc-win32-status time-taken
""")
"""W3C default of both sites."""

IIS_WIDE = (*IIS[:-1], "sc-bytes", "cs-bytes", "time-taken")
"""With sizes switched on."""

HTTPERR = _words("""
    date time c-ip c-port s-ip s-port cs-version cs-method cs-uri streamid sc-status s-siteid s-reason
    s-queuename
""")
"""HTTP.sys errors."""

OAB_GENERATOR = ("Timestamp", "RecordType", "TraceId", "OabGuid", "AddressListGuid", "Message")
"""Address book generator; column names of its writer in Exchange 2013; no real file was seen."""
