//! The vocabulary of numbers: dimensions, measures, units and formulas.

use serde::{Deserialize, Serialize};

macro_rules! names {
    ($(#[$doc:meta])* $name:ident { $($(#[$item_doc:meta])* $item:ident = $text:literal, $title:literal;)+ }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        pub enum $name {
            $($(#[$item_doc])* #[serde(rename = $text)] $item,)+
        }

        impl utoipa::PartialSchema for $name {
            fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
                // Written by hand: the derive does not see a name that comes from this macro.
                utoipa::openapi::schema::ObjectBuilder::new()
                    .schema_type(utoipa::openapi::schema::Type::String)
                    .enum_values(Some(Self::ALL.iter().map(|value| value.as_str())))
                    .into()
            }
        }

        impl utoipa::ToSchema for $name {}

        impl $name {
            /// Every value, in the order they are shown.
            pub const ALL: &'static [$name] = &[$($name::$item,)+];

            /// The name in the API.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self { $($name::$item => $text,)+ }
            }

            /// The name for people.
            #[must_use]
            pub fn title(self) -> &'static str {
                match self { $($name::$item => $title,)+ }
            }

            /// The value with this name in the API.
            #[must_use]
            pub fn parse(text: &str) -> Option<Self> {
                match text { $($text => Some($name::$item),)+ _ => None }
            }
        }
    };
}

names! {
    /// What a number can be split by.
    Dimension {
        /// A date.
        Day = "day", "Day";
        /// Monday to Sunday.
        Week = "week", "Week";
        /// A calendar month.
        Month = "month", "Month";
        /// A calendar quarter.
        Quarter = "quarter", "Quarter";
        /// Where the visit came from, in twenty words.
        Channel = "channel", "Channel";
        /// Who sent the visit.
        Source = "source", "Source";
        /// How.
        Medium = "medium", "Medium";
        /// Campaign name.
        Campaign = "campaign", "Campaign";
        /// Which creative.
        Content = "content", "Content";
        /// The first page of the session.
        LandingPage = "landing_page", "Landing page";
        /// Any page of the session or journey.
        Page = "page", "Page";
        /// Country of the session.
        Country = "country", "Country";
        /// Kind of device of the session.
        Device = "device", "Device";
        /// The company.
        Company = "company", "Company";
        /// Attribution model: the same question under several.
        Model = "model", "Attribution model";
    }
}

impl Dimension {
    /// What a session says of itself.
    pub(crate) const OF_TOUCH: [Dimension; 8] = [
        Dimension::Channel,
        Dimension::Source,
        Dimension::Medium,
        Dimension::Campaign,
        Dimension::Content,
        Dimension::LandingPage,
        Dimension::Country,
        Dimension::Device,
    ];

    /// The length of time, for dimensions of time.
    #[must_use]
    pub fn grain(self) -> Option<crate::facts::Grain> {
        use crate::facts::Grain;
        match self {
            Dimension::Day => Some(Grain::Day),
            Dimension::Week => Some(Grain::Week),
            Dimension::Month => Some(Grain::Month),
            Dimension::Quarter => Some(Grain::Quarter),
            _ => None,
        }
    }
}

/// What is counted: whole numbers, which is why sums are exact.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Measure {
    /// Persons first seen.
    People,
    /// Persons who became known.
    Leads,
    /// Those of them with a session before.
    LeadsWithSession,
    /// Sessions.
    Sessions,
    /// Engaged sessions.
    EngagedSessions,
    /// Shares of deals created, in millionths.
    DealsCreated,
    /// Shares of deals won, in millionths.
    DealsWon,
    /// Credited amount of deals created, in micros.
    Pipeline,
    /// The part of it that marketing touches have.
    MarketingPipeline,
    /// Credited amount of deals won.
    Revenue,
    /// The part of it that marketing touches have.
    MarketingRevenue,
    /// Whole amount of won deals whose first touch is marketing.
    SourcedRevenue,
    /// Whole amount of won deals with any marketing touch.
    InfluencedRevenue,
    /// Whole amount of deals created after a page was seen.
    AssistedPipeline,
    /// Shares of goals reached, in millionths.
    Goals,
    /// Credited value of goals reached, in micros.
    GoalValue,
    /// Spend, in micros.
    Spend,
    /// Plan, in micros.
    Plan,
    /// The part of the plan for the days up to today, in micros.
    PlanToDate,
    /// Microseconds from the first touch to a won deal.
    TimeToWin,
    /// Campaigns by their first session.
    CampaignsStarted,
}

/// What a number is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Unit {
    /// A number of things.
    Count,
    /// Money in the workspace's currency.
    Money,
    /// A part of a whole; 0.25 is 25 %.
    Share,
    /// So many times as much.
    Times,
    /// Days.
    Days,
    /// Months.
    Months,
    /// So many in 30 days.
    PerMonth,
}

/// Which way is good.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// More is better.
    UpIsGood,
    /// Less is better.
    DownIsGood,
    /// Neither by itself.
    Neutral,
}

/// How a metric follows from measures.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Formula {
    /// The measure itself.
    Plain(Measure),
    /// The first by the second.
    Quotient(Measure, Measure),
    /// The first less the second, by the second.
    Return(Measure, Measure),
    /// Twelve times the first by the second.
    Payback(Measure, Measure),
    /// The middle one of all values.
    Median(Measure),
    /// The measure in 30 days.
    PerMonth(Measure),
}

impl Formula {
    /// The measures it needs.
    #[must_use]
    pub fn measures(self) -> Vec<Measure> {
        match self {
            Formula::Plain(one) | Formula::Median(one) | Formula::PerMonth(one) => vec![one],
            Formula::Quotient(top, bottom) | Formula::Return(top, bottom) | Formula::Payback(top, bottom) => {
                vec![top, bottom]
            }
        }
    }
}

impl Measure {
    /// Whether one thing may stand in several rows, counted once in each.
    #[must_use]
    pub fn is_distinct(self) -> bool {
        matches!(self, Measure::InfluencedRevenue | Measure::AssistedPipeline)
    }

    /// Whether it is money in micros.
    #[must_use]
    pub fn is_money(self) -> bool {
        use Measure as M;
        matches!(
            self,
            M::Pipeline
                | M::MarketingPipeline
                | M::Revenue
                | M::MarketingRevenue
                | M::SourcedRevenue
                | M::InfluencedRevenue
                | M::AssistedPipeline
                | M::GoalValue
                | M::Spend
                | M::Plan
                | M::PlanToDate
        )
    }

    /// Whether it is what a book says, in which chance has no part.
    #[must_use]
    pub fn is_booked(self) -> bool {
        matches!(self, Measure::Spend | Measure::Plan | Measure::PlanToDate)
    }

    /// Whether sessions are counted.
    #[must_use]
    pub fn is_of_sessions(self) -> bool {
        matches!(self, Measure::Sessions | Measure::EngagedSessions)
    }

    /// Whether it is a share in millionths.
    #[must_use]
    pub fn is_share(self) -> bool {
        matches!(self, Measure::DealsCreated | Measure::DealsWon | Measure::Goals)
    }

    /// Whether it is credit, so that the model decides how it is split.
    #[must_use]
    pub fn is_credit(self) -> bool {
        use Measure as M;
        self.is_share()
            || matches!(self, M::Pipeline | M::MarketingPipeline | M::Revenue | M::MarketingRevenue | M::GoalValue)
    }

    /// Its name inside a formula.
    #[must_use]
    pub fn title(self) -> &'static str {
        match self {
            Measure::People => "people first seen",
            Measure::Leads => "new leads",
            Measure::LeadsWithSession => "new leads with a session before",
            Measure::Sessions => "sessions",
            Measure::EngagedSessions => "engaged sessions",
            Measure::DealsCreated => "deals created",
            Measure::DealsWon => "deals won",
            Measure::Pipeline => "pipeline created",
            Measure::MarketingPipeline => "pipeline credited to marketing touches",
            Measure::Revenue => "won revenue",
            Measure::MarketingRevenue => "won revenue credited to marketing touches",
            Measure::SourcedRevenue => "won revenue whose first touch is marketing",
            Measure::InfluencedRevenue => "won revenue with any marketing touch",
            Measure::AssistedPipeline => "pipeline after a page was seen",
            Measure::Goals => "goals reached",
            Measure::GoalValue => "value of goals reached",
            Measure::Spend => "spend",
            Measure::Plan => "plan",
            Measure::PlanToDate => "plan up to today",
            Measure::TimeToWin => "time from first touch to won",
            Measure::CampaignsStarted => "campaigns started",
        }
    }

    /// Why it cannot be split by a dimension.
    pub(super) fn refusal(self, dimension: Dimension) -> Option<&'static str> {
        use Dimension as D;
        use Measure as M;
        match (self, dimension) {
            (M::Sessions | M::EngagedSessions, D::Page) => None,
            (M::AssistedPipeline, D::Page | D::Company) => None,
            (_, D::Day | D::Week | D::Month | D::Quarter) => None,
            (M::AssistedPipeline, _) => Some("it asks which pages were seen, not how the visit came about."),
            (_, D::Page) => Some("a journey sees many pages, and money is not credited to pages."),
            (M::Spend, D::Channel | D::Source | D::Medium | D::Campaign | D::Content | D::Model) => None,
            (M::Spend, _) => Some("a line of spend does not say that."),
            (M::Plan | M::PlanToDate, D::Channel) => None,
            (M::Plan | M::PlanToDate, _) => Some("the plan is made by month and channel."),
            (M::CampaignsStarted, D::Channel | D::Source | D::Medium | D::Campaign) => None,
            (M::CampaignsStarted, _) => Some("a campaign starts once, with its first session."),
            (measure, D::Model) if !measure.is_credit() => Some("no attribution model takes part in it."),
            _ => None,
        }
    }
}
